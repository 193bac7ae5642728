/// What goes wrong in a simulation, each by its own dice.
public enum FaultKind: String, CaseIterable, Codable, Sendable {
    case agentCrash = "agent crash"
    case hostCrash = "host crash"
    case stall
    case nodeFromEtcd = "node cut from etcd"
    case nodeFromEtcdOneWay = "node cut from etcd, one way"
    case nodeFromMember = "node cut from one member"
    case nodeFromCeph = "node cut from Ceph"
    case rack = "rack cut off"
    case memberDown = "etcd member down"
    case quorumLoss = "etcd quorum lost"
    case etcdDown = "etcd down altogether"
    case memberCut = "etcd member cut off"
    case leaderLoss = "etcd leader lost"
    case compaction
    case watchDrop = "watches dropped"
    case libvirtRestart = "libvirt restart"
    case slowLibvirt = "libvirt slow"
    case guestCrash = "guest crash"
    case guestShutdown = "guest shuts itself down"
    case clockJump = "wall clock jump"
    case messageDelay = "messages delayed"
    case messageLoss = "messages lost"
    case expiryAtOnce = "leases expire at once"

    /// How often it comes against the others.
    var weight: Int {
        switch self {
        case .agentCrash, .stall, .hostCrash, .nodeFromEtcd: 4
        case .nodeFromCeph, .rack, .memberCut, .quorumLoss, .messageDelay, .guestCrash: 2
        case .nodeFromEtcdOneWay, .nodeFromMember, .memberDown, .etcdDown, .leaderLoss,
            .compaction, .watchDrop, .libvirtRestart, .slowLibvirt, .guestShutdown, .clockJump,
            .messageLoss, .expiryAtOnce:
            1
        }
    }
}
