import MetaStackDecisions
import MetaStackModel
import Testing

struct VMPlanTests {
    private func cluster(_ state: ActualImage.State = .ready) throws -> Cluster {
        var cluster = Cluster()
        try cluster.addFlavour("f-1", name: "tiny")
        try cluster.addImage("i-1", name: "debian")
        try cluster.addActualImage("i-1", state)
        return cluster
    }

    private func wanted(
        _ flavour: String = "tiny", _ image: String = "debian", host: String? = nil
    ) -> DesiredVM {
        DesiredVM(
            name: ResourceName(unchecked: "web"), flavour: flavour, image: image, state: .start,
            host: host.map { HostID(unchecked: $0) }, nics: [DesiredNIC(), DesiredNIC()])
    }

    private func refusal(_ wanted: DesiredVM, _ cluster: Cluster) -> String? {
        do throws(VMPlan.Impossible) {
            _ = try VMPlan(VMID(unchecked: "web"), wanted, in: cluster)
            return nil
        } catch {
            return error.description
        }
    }

    @Test func followsReferencesByName() throws {
        let plan = try VMPlan(VMID(unchecked: "web"), wanted(host: "a"), in: cluster())
        #expect(plan.request.ram.count == 256)
        #expect(plan.request.vcpus == 2)
        #expect(plan.request.pin == HostID(unchecked: "a"))
        let disk = try #require(plan.disk)
        #expect(disk.imageID == ImageID(unchecked: "i-1"))
        #expect(disk.imageRevision == Revision(5))
        #expect(disk.source.rbdImage == "i-1.1")
        #expect(disk.source.snapshot == "base")
        #expect(disk.source.size.count == 48)
        #expect(
            plan.macs
                == [0, 1].map { MACAddress(vm: VMID(unchecked: "web"), nic: $0) })
    }

    @Test func refusesAMACAddressThatAnotherVMHas() throws {
        let web = VMID(unchecked: "web")
        let other = VMID(unchecked: "other")
        var cluster = try cluster()
        var claim = ActualVM(
            host: HostID(unchecked: "a"), state: .running, since: Timestamp(milliseconds: 0),
            macs: [MACAddress(vm: web, nic: 1)])
        let revision = Revision(1)
        cluster.actualVMs[other] = Stored(claim, revision: revision, createRevision: revision)
        #expect(refusal(wanted(), cluster)?.hasPrefix("VM other has the same MAC address") == true)
        claim.macs = [MACAddress(vm: other, nic: 1)]
        cluster.actualVMs[other] = Stored(claim, revision: revision, createRevision: revision)
        #expect(refusal(wanted(), cluster) == nil)
    }

    @Test func anIdBeatsAName() throws {
        var cluster = try cluster()
        try cluster.addFlavour("tiny", name: "other", disk: 512)
        #expect(
            try VMPlan(VMID(unchecked: "web"), wanted(), in: cluster).flavour.disk?.count == 512)
    }

    @Test func namesWhatIsMissing() throws {
        #expect(
            refusal(wanted("huge"), try cluster()) == "there is no flavour \"huge\"")
        #expect(
            refusal(wanted("tiny", "none"), try cluster()) == "there is no image \"none\"")
    }

    @Test func namesTheIdsOfAnAmbiguousName() throws {
        var cluster = try cluster()
        try cluster.addFlavour("f-2", name: "tiny")
        #expect(
            refusal(wanted(), cluster)
                == "2 flavours are named \"tiny\", use one of the ids f-1, f-2")
    }

    @Test func saysThatTheImageIsNotImportedYet() throws {
        var unseen = try cluster()
        unseen.actualImages = [:]
        #expect(refusal(wanted(), unseen) == "image debian is not imported yet")
        #expect(
            refusal(wanted(), try cluster(.importing)) == "image debian is not ready: importing")
        var failed = try cluster()
        try failed.addActualImage("i-1", .failed, message: "the file is no disk image")
        #expect(
            refusal(wanted(), failed)
                == "image debian is not ready: failed, the file is no disk image")
    }

    @Test func aVMThatHasItsDiskNeedsItsImageNoMore() throws {
        var cluster = try cluster()
        cluster.images = [:]
        cluster.actualImages = [:]
        cluster.addDisk(of: "web", from: "i-1")
        #expect(refusal(wanted(), cluster) == "there is no image \"debian\"")
        cluster.addDisk(of: "web", from: "i-1", provisioned: true)
        #expect(try VMPlan(VMID(unchecked: "web"), wanted(), in: cluster).disk == nil)
    }

    @Test func refusesADiskThatIsSmallerThanItsImage() throws {
        var cluster = try cluster()
        try cluster.addFlavour("f-1", name: "tiny", disk: 47)
        #expect(
            refusal(wanted(), cluster)
                == "flavour tiny has a disk of 47 MiB, image debian needs 48 MiB")
        try cluster.addFlavour("f-1", name: "tiny", disk: 48)
        #expect(refusal(wanted(), cluster) == nil)
    }

    @Test func aSeedThatCannotBeMadeKeepsAVMWaitingUnlessItHasOne() throws {
        var cluster = try cluster()
        var wanted = wanted()
        wanted.cloudInit = CloudInit(sshKeys: [SSHKeyID(unchecked: "alice")])
        #expect(refusal(wanted, cluster) == #"there is no ssh-key "alice""#)
        let id = VolumeID.seed(of: VMID(unchecked: "web"))
        for isMade in [false, true] {
            cluster.volumes[id.vm, default: [:]][id] = Stored(
                Volume(
                    pool: PoolName(unchecked: "vms"), image: "web.seed.1", vm: id.vm,
                    vmCreateRevision: Revision(1), provisioned: isMade, content: "00"),
                revision: Revision(6), createRevision: Revision(6))
            #expect((refusal(wanted, cluster) == nil) == isMade)
        }
    }
}
