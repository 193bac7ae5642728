/// This MetaStack.
public enum Version {
    /// As `--version` prints it and host records carry it (semver.org).
    public static let current = "0.1.0"
}
