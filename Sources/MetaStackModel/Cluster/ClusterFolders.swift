extension Cluster {
    /// Takes over a folder's records as another value has them, those that cannot be read among
    /// them.
    ///
    /// Folders can be read side by side that way, each into a value of its own.
    public mutating func take(_ folder: RecordKey.Folder, from other: Cluster) {
        switch folder {
        case .globalConfig:
            globalConfig = other.globalConfig
            takeoverSwitch = other.takeoverSwitch
            moveLimits = other.moveLimits
            rebalancePolicy = other.rebalancePolicy
            syslogServer = other.syslogServer
        case .images: images = other.images
        case .flavours: flavours = other.flavours
        case .desiredVMs: desiredVMs = other.desiredVMs
        case .actualVMs: actualVMs = other.actualVMs
        case .hosts: hosts = other.hosts
        case .desiredHosts: desiredHosts = other.desiredHosts
        case .volumes: volumes = other.volumes
        case .history: histories = other.histories
        case .declines: declines = other.declines
        case .actualImages: actualImages = other.actualImages
        case .arrivals: arrivals = other.arrivals
        case .tokens: tokens = other.tokens
        case .sshKeys: sshKeys = other.sshKeys
        case .networks: networks = other.networks
        case .addresses: addresses = other.addresses
        case .securityGroups: securityGroups = other.securityGroups
        }
        let prefix = folder.rawValue + "/"
        malformed = malformed.filter { !$0.key.hasPrefix(prefix) }
            .merging(other.malformed.filter { $0.key.hasPrefix(prefix) }) { $1 }
    }
}
