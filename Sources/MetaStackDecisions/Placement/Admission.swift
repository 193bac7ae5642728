public import MetaStackModel

/// What a VM asks of the host that runs it.
public struct PlacementRequest: Sendable, Equatable {
    public var vm: VMID
    public var ram: Mebibytes
    public var vcpus: Int
    /// The one host that may run it; nil for any.
    public var pin: HostID?

    public init(vm: VMID, ram: Mebibytes, vcpus: Int, pin: HostID? = nil) {
        self.vm = vm
        self.ram = ram
        self.vcpus = vcpus
        self.pin = pin
    }
}

/// What a host has left, as every node computes it from the same records.
public struct HostOffer: Sendable, Equatable {
    public var host: HostID
    public var totalRAM: Mebibytes
    public var reservedRAM: Mebibytes
    public var usedRAM: Mebibytes
    public var totalVCPU: Int
    public var usedVCPU: Int
    /// Whether it takes VMs at all, and if not, why.
    public var refusal: String?

    /// Virtual processors that share a real one, at most.
    public static let vcpuOvercommit = 8

    /// What is left when the host has taken a VM as well.
    public func after(_ request: PlacementRequest) -> HostOffer {
        var offer = self
        offer.commit(ram: request.ram, vcpus: request.vcpus)
        return offer
    }

    /// Takes what a claim has committed.
    mutating func commit(ram: Mebibytes, vcpus: Int) {
        usedRAM = usedRAM + ram
        usedVCPU += vcpus
    }

    /// Whether it is large enough, whatever else speaks for or against it.
    public func hasRoom(for request: PlacementRequest) -> Bool {
        freeRAM >= request.ram && freeVCPU >= request.vcpus
    }

    public var freeRAM: Mebibytes { totalRAM - reservedRAM - usedRAM }
    public var freeVCPU: Int { totalVCPU * Self.vcpuOvercommit - usedVCPU }
}

/// Why a host cannot run a VM, in the words that people read.
public struct Refusal: Sendable, Equatable, CustomStringConvertible {
    public let description: String

    public init(_ description: String) { self.description = description }
}

/// Whether a host can run a VM at all. Pure, and the same on every node.
public enum Admission {
    /// Every reason against; empty where the VM fits.
    public static func refusals(
        of request: PlacementRequest, by offer: HostOffer, declined: String? = nil
    ) -> [Refusal] {
        var refusals: [Refusal] = []
        if let refusal = offer.refusal { refusals.append(Refusal(refusal)) }
        if let pin = request.pin, pin != offer.host {
            refusals.append(Refusal("the VM is pinned to host \(pin)"))
        }
        if let declined { refusals.append(Refusal("it tried and could not: \(declined)")) }
        if request.ram > offer.freeRAM {
            refusals.append(
                Refusal(
                    "needs \(request.ram), \(offer.freeRAM.count) free of \(offer.totalRAM.count), "
                        + "\(offer.reservedRAM.count) reserved"))
        }
        if request.vcpus > offer.freeVCPU {
            refusals.append(
                Refusal(
                    "needs \(request.vcpus) vCPUs, \(max(0, offer.freeVCPU)) free of "
                        + "\(offer.totalVCPU * HostOffer.vcpuOvercommit)"))
        } else if request.vcpus > offer.totalVCPU {
            refusals.append(
                Refusal("needs \(request.vcpus) vCPUs, the host has \(offer.totalVCPU) cores"))
        }
        return refusals
    }
}
