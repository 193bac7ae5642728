/// How far something that was asked for has come.
package enum Progress: Sendable, Equatable {
    case done
    /// What is still missing, for the progress line and for the report at the end of the time.
    case waiting(String)
    case failed(String)
}
