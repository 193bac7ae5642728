public import MetaStackModel

/// A desired record with its references followed: what it takes to run the VM.
public struct VMPlan: Sendable, Equatable {
    public var request: PlacementRequest
    public var flavour: Flavour
    public var imageID: ImageID
    /// The image's record must not have changed when the claim is made, or it might be going.
    public var imageRevision: Revision
    /// Where the root disk is cloned from.
    public var source: ImageSource
    public var nics: Int

    /// An imported image: the protected snapshot in its pool.
    public struct ImageSource: Sendable, Equatable {
        public var pool: PoolName
        public var rbdImage: String
        public var snapshot: String
        /// The image as a guest sees it.
        public var size: Mebibytes

        /// nil where the image is not ready.
        public init?(_ actual: ActualImage) {
            guard actual.state == .ready, let pool = actual.pool, let image = actual.rbdImage,
                let snapshot = actual.snapshot, let size = actual.size
            else { return nil }
            self.pool = pool
            rbdImage = image
            self.snapshot = snapshot
            self.size = size
        }
    }

    /// Why a VM cannot be run by any host at the moment, in words for whoever asked.
    public struct Impossible: Error, Sendable, Equatable, CustomStringConvertible {
        public let description: String
    }

    /// Follows the desired record's references.
    ///
    /// - Throws: `Impossible` where a flavour or image is missing, ambiguous or not imported yet.
    public init(_ vm: VMID, _ desired: DesiredVM, in cluster: Cluster) throws(Impossible) {
        do throws(UnresolvedReference) {
            flavour = try cluster.flavour(desired.flavour).flavour
            imageID = try cluster.image(desired.image).id
        } catch {
            throw Impossible(description: error.description)
        }
        guard let actual = cluster.actualImages[imageID] else {
            throw Impossible(description: "image \(desired.image) is not imported yet")
        }
        guard let source = ImageSource(actual.value) else {
            throw Impossible(
                description: "image \(desired.image) is not ready: \(actual.value.state.rawValue)"
                    + (actual.value.message.map { ", \($0)" } ?? ""))
        }
        self.source = source
        imageRevision = actual.revision
        request = PlacementRequest(
            vm: vm, ram: flavour.ram, vcpus: flavour.vcpus, pin: desired.host)
        nics = desired.nics.count
        if let disk = flavour.disk, disk < source.size {
            throw Impossible(
                description: "flavour \(desired.flavour) has a disk of \(disk), "
                    + "image \(desired.image) needs \(source.size)")
        }
    }
}
