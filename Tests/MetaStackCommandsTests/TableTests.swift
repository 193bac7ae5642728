import MetaStackModel
import Testing

@testable import MetaStackCommands
@testable import MetaStackManagement

@Suite struct TableTests {
    @Test func listsVMsByNameWithTheirStateAndWhy() {
        var cluster = Cluster.running
        cluster.put("desired_vms/v2", #"{"name":"big","flavour":"huge","image":"i1"}"#, at: 14)
        cluster.put("desired_vms/v3", #"{"name":5}"#, at: 15)
        cluster.put(
            "volumes/v4.root",
            #"{"pool":"vms","image":"v4.1","vm":"v4","vm_create_revision":1}"#, at: 16)
        #expect(
            cluster.vmListing(at: now).table().text == """
                NAME  STATE      HOST  FLAVOUR  IMAGE   AGE  MESSAGE
                big   pending    -     huge     debian  -    no host can take it: n1: needs \
                65536 MiB, 7040 free of 8192, 1024 reserved
                v3    malformed  -     -        -       -    record desired_vms/v3 is malformed: \
                the field name must be a text
                v4    deleting   -     -        -       -    -
                web   running    n1    tiny     debian  5m   -

                """)
    }

    @Test func showsAVMsWishBesideItsReality() {
        var cluster = Cluster.running
        cluster.put(
            "vm_history/v1",
            #"{"vm_create_revision":10,"host":"n1","incarnation":11,"boots":2}"#, at: 13)
        let vm = VMOverview(VMID(unchecked: "v1"), in: cluster)
        let text = VMDetails(
            vm: vm, status: VMStatus(vm.id, in: cluster), cluster: cluster, now: now
        ).text
        #expect(text.hasPrefix("vm web (v1)\nrunning\n\n"))
        let lines = text.split(separator: "\n").map { $0.split(separator: " ").map(String.init) }
        #expect(lines.contains(["state", "start", "running", "for", "2m"]))
        #expect(lines.contains(["host", "any", "n1"]))
        #expect(
            lines.contains([
                "flavour", "tiny", "(1", "vCPU,", "128", "MiB)", "1", "vCPU,", "128", "MiB",
            ]))
        #expect(lines.contains(["revision", "10", "acted", "on", "10"]))
        #expect(lines.contains(["incarnation", "-", "11"]))
        #expect(lines.contains(["console", "-", "/c/v1.log"]))
        #expect(lines.contains { $0.first == "macs" && $0[1].hasPrefix("02:") })
        #expect(lines.contains(["root", "vms", "v1.10", "48", "MiB", "provisioned"]))
        #expect(lines.contains(["boots", "2"]))
        #expect(!text.contains(" \n"))
    }

    @Test func listsImagesFlavoursAndHosts() {
        let cluster = Cluster.running
        #expect(
            cluster.imageListing.table().text == """
                NAME    STATE    SIZE  FORMAT  VMS  URL                        MESSAGE
                debian  ready  48 MiB  -         1  https://example.org/d.img  -

                """)
        #expect(
            cluster.flavourListing.table().text == """
                NAME  VCPUS      RAM      DISK  VMS  MESSAGE
                huge      1   64 GiB  as image    0  -
                tiny      1  128 MiB  as image    1  -

                """)
        #expect(
            cluster.hostListing(at: now).table().text == """
                NAME  STATE  VMS  VCPUS         RAM  AGE  VERSION  MESSAGE
                n1    ready    1    0/4  0/8192 MiB  1h   0.1.0    -

                """)
    }

    @Test func aHostsWordComesFromItsRecordAndTheWish() {
        var cluster = Cluster.ready
        let id = HostID(unchecked: "n1")
        #expect(HostStatus(id, in: cluster) == .ready)
        cluster.put("desired_hosts/n1", #"{"state":"maintenance"}"#, at: 20)
        #expect(HostStatus(id, in: cluster) == .maintenance)
        cluster.remove("hosts/n1")
        #expect(HostStatus(id, in: cluster) == .absent)
        cluster.put("hosts/n1", "[]", at: 21)
        #expect(HostStatus(id, in: cluster) == .malformed)
    }

    @Test func findsTheUsersOfImagesAndFlavoursByIDAndByName() {
        var cluster = Cluster.running
        cluster.put("desired_vms/v2", #"{"name":"two","flavour":"tiny","image":"i1"}"#, at: 20)
        #expect(cluster.users(of: ImageID(unchecked: "i1")) == ["two", "web"])
        #expect(cluster.users(of: FlavourID(unchecked: "f1")) == ["two", "web"])
        #expect(cluster.users(of: FlavourID(unchecked: "f2")).isEmpty)
        cluster.remove("desired_vms/v1")
        cluster.remove("desired_vms/v2")
        #expect(cluster.users(of: ImageID(unchecked: "i1")) == ["v1"])
    }
}
