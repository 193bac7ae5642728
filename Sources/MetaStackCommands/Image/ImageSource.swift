import MetaStackManagement
import MetaStackModel

/// What `image add` was given, checked as far as this machine can.
enum ImageSource {
    /// The record for an address or a file.
    ///
    /// An address is stored as it is; only the node that fetches it learns what it holds. A file of
    /// this machine is read once, so that a wrong one is refused now and not on some host later.
    ///
    /// - Throws: `CommandFailure`, `ValidationError`.
    static func image(
        _ name: ResourceName, _ text: String, format: Image.Format?, checksum: Checksum?
    ) throws -> Image {
        guard !text.contains("://") else {
            return Image(
                name: name, url: try ImageURL(text), format: format, checksum: checksum)
        }
        let file = try LocalImageFile(text)
        if let checksum, checksum != file.checksum {
            throw CommandFailure(
                .failed,
                "\(file.path.quotedForPeople) has the checksum \(file.checksum), not \(checksum)")
        }
        if format == .qcow2, file.format != .qcow2 {
            throw CommandFailure(
                .failed, "\(file.path.quotedForPeople) is no qcow2 image, leave out --format")
        }
        return Image(
            name: name, url: try ImageURL("file://" + file.path), format: format ?? file.format,
            checksum: file.checksum)
    }
}
