import Foundation
import Glibc

/// Runs a short program to its end and returns what it printed.
///
/// - Throws: `FixtureError` with its output where it fails.
@discardableResult
func run(_ program: String, _ arguments: [String]) throws -> String {
    let directory = try temporaryDirectory()
    defer { removeDirectory(directory) }
    let output = "\(directory)/output"
    let pid = try spawn([program] + arguments, log: output)
    var status: Int32 = 0
    waitpid(pid, &status, 0)
    let text = try String(contentsOfFile: output, encoding: .utf8)
    guard status == 0 else {
        throw FixtureError("\(program) \(arguments.joined(separator: " ")) failed: \(text)")
    }
    return text
}
