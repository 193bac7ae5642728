import Foundation
import MetaStackModel
import MetaStackStore
import Testing

@testable import MetaStackManagement

/// 2027-01-15T08:00:00Z, at which all looks are taken.
let noon = Timestamp(milliseconds: 1_800_000_000_000)

/// Three hours before.
let longAgo = "2027-01-15T05:00:00.000Z"

extension Cluster {
    /// Two hosts that are alike, and a VM that host a runs.
    static var well: Cluster {
        var cluster = Cluster()
        cluster.put("vm_flavours/f1", #"{"name":"small","vcpus":1,"ram":64}"#, at: 1)
        cluster.put("images/i1", #"{"name":"debian","url":"file:///d.raw"}"#, at: 2)
        cluster.put(
            "actual_images/i1",
            #"{"host":"a","state":"ready","desired_revision":2,"pool":"images","snapshot":"base"}"#,
            at: 3)
        cluster.host("a", lease: 5)
        cluster.host("b", lease: 6)
        cluster.put("desired_vms/v1", #"{"name":"web","flavour":"f1","image":"i1"}"#, at: 10)
        cluster.claim()
        cluster.put(
            "vm_history/v1",
            #"{"vm_create_revision":10,"host":"a","incarnation":11,"clients":["a:0/1"]}"#, at: 12)
        cluster.put(
            "volumes/v1.root",
            #"{"pool":"vms","image":"v1.x","vm":"v1","vm_create_revision":10,"provisioned":true}"#,
            at: 12)
        return cluster
    }

    /// A live host; later fields count.
    mutating func host(_ name: String, lease: Int64?, _ more: String = "") {
        put(
            "hosts/\(name)",
            #"{"name":"\#(name)","total_ram":8192,"total_vcpu":4,"version":"0.1.0","#
                + #""domain_type":"kvm","architecture":"x86_64","lease_ttl_ms":5000,"#
                + #""pools":["vms","images"]\#(more)}"#, at: 4, lease: lease)
    }

    /// The claim of the VM.
    mutating func claim(
        _ host: String = "a", _ state: String = "running", lease: Int64? = 5,
        since: String = "2027-01-15T07:00:00.000Z", _ more: String = ""
    ) {
        put(
            "actual_vms/v1",
            #"{"host":"\#(host)","state":"\#(state)","incarnation":11,"desired_revision":10,"#
                + #""desired_create_revision":10,"since":"\#(since)"\#(more)}"#,
            at: 12, created: 11, lease: lease)
    }
}

extension EtcdCondition {
    /// Three members, all of them there.
    static var well: EtcdCondition {
        let members = (1...3).map { number in
            Member(UInt64(number), "e\(number)", urls: ["https://e\(number):2379"])
        }
        var condition = EtcdCondition(
            voices: members.map { member in
                var word = Word(member: member.id, version: "3.5.21", leader: 1)
                word.size = 100 << 20
                word.used = 90 << 20
                word.quota = 2 << 30
                word.raftIndex = 5000
                word.appliedIndex = 5000
                word.clockOffset = .zero
                return Voice(member.urls[0], word: word)
            }, members: members)
        condition.asksForName = true
        condition.revision = 77
        condition.leases = [
            5: Lease(remaining: .seconds(4), granted: .seconds(5)),
            6: Lease(remaining: .seconds(3), granted: .seconds(5)),
        ]
        return condition
    }
}

/// What the checks of a group say: `weight: text`, and what to do.
func found(
    _ group: Check.Group, _ cluster: Cluster = .well, _ etcd: EtcdCondition? = .well
) -> [(said: String, remedy: String?)] {
    Diagnosis(Patient(cluster: cluster, etcd: etcd, now: noon)).checks
        .filter { $0.group == group }.flatMap(\.findings)
        .map { ("\($0.weight.word): \($0.text)", $0.remedy) }
}

/// The same for a cluster, or an etcd, to which something was done.
func found(
    _ group: Check.Group, after change: (inout Cluster) -> Void
) -> [(said: String, remedy: String?)] {
    var cluster = Cluster.well
    change(&cluster)
    return found(group, cluster)
}

/// Expects that the checks of a group find one thing in a cluster to which something was done.
func expectOne(
    _ group: Check.Group, _ said: String, do remedy: String?,
    _ location: SourceLocation = #_sourceLocation, after change: (inout Cluster) -> Void
) {
    let found = found(group, after: change)
    #expect(found.map(\.said) == [said], sourceLocation: location)
    #expect(found.map(\.remedy) == [remedy], sourceLocation: location)
}
