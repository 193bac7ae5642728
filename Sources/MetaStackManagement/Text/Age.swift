package import MetaStackModel

extension Timestamp {
    /// How long ago it was, in the largest unit that fits: `12s`, `5m`, `3h`, `2d`. A clock that
    /// runs ahead gives `0s`; a moment that nobody noted gives nil.
    package func age(at now: Timestamp) -> String? {
        guard milliseconds > 0 else { return nil }
        let seconds = max(0, (now.milliseconds - milliseconds) / 1000)
        switch seconds {
        case ..<60: return "\(seconds)s"
        case ..<3600: return "\(seconds / 60)m"
        case ..<86_400: return "\(seconds / 3600)h"
        default: return "\(seconds / 86_400)d"
        }
    }
}

extension Mebibytes {
    /// In GiB or TiB where that is a whole number.
    package var short: String {
        switch count {
        case let count where count > 0 && count % (1 << 20) == 0: "\(count >> 20) TiB"
        case let count where count > 0 && count % (1 << 10) == 0: "\(count >> 10) GiB"
        default: "\(count) MiB"
        }
    }
}
