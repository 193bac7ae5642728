import Etcd
import MetaStackModel
import MetaStackStore
import MetaStackTesting
import Testing

struct TransactionTests {
    private func order(
        _ wanted: MetaStackModel.Revision, by host: HostID, _ vm: VMID = web
    ) -> ClaimOrder {
        ClaimOrder(vm: vm, wanted: wanted, claim: .example(by: host), volumes: [], image: nil)
    }

    @Test func asManyClaimsAsFitGoInOneTransactionAndAllOrNone() async throws {
        try await withStore { store in
            let lease = try await store.grantLease(ttl: .seconds(60)).lease
            try await store.put(.host(me), Host.example(), lease: lease)
            let image = ImageID(unchecked: "image")
            let ready = try await store.put(
                .actualImage(image), ActualImage(host: me, state: .ready))
            var orders: [ClaimOrder] = []
            for number in 0..<VMTransactions.claimsAtOnce {
                let vm = VMID(unchecked: "vm-\(number)")
                let wanted = try await store.put(.desiredVM(vm), DesiredVM.example())
                var order = order(wanted, by: me, vm)
                let volume = Volume(
                    pool: PoolName(unchecked: "vms"), image: "root", vm: vm,
                    vmCreateRevision: wanted)
                order.volumes = [(VolumeID(vm: vm), volume, nil)]
                order.image = (image, ready)
                orders.append(order)
            }
            let transactions = VMTransactions(store: store, me: me)
            orders[7].wanted = Revision(1)
            #expect(try await transactions.claim(orders, lease: lease) == .conflict)
            #expect(try await store.load().actualVMs.isEmpty)
            orders[7].wanted = try await store.put(
                .desiredVM(orders[7].vm), DesiredVM.example())
            #expect(try await transactions.claim(orders, lease: lease) != .conflict)
            let cluster = try await store.load()
            #expect(cluster.actualVMs.count == orders.count)
            #expect(cluster.volumes.count == orders.count)
        }
    }

    @Test func aClaimTakesItsAddressesOrNothing() async throws {
        try await withStore { store in
            let lease = try await store.grantLease(ttl: .seconds(60)).lease
            try await store.put(.host(me), Host.example(), lease: lease)
            let transactions = VMTransactions(store: store, me: me)
            let id = try AddressID(network: "blue", address: "10.7.0.5")
            let held = HeldAddress(
                vm: web, vmCreateRevision: Revision(1), nic: 0, mac: MACAddress(vm: web, nic: 0),
                since: Timestamp(milliseconds: 0))
            let wanted = try await store.put(.desiredVM(web), DesiredVM.example())
            var order = order(wanted, by: me)
            order.addresses = [(id, held, nil)]
            var other = held
            other.vm = VMID(unchecked: "other")
            let others = try await store.put(.address(id), other)
            #expect(try await transactions.claim([order], lease: lease) == .conflict)
            #expect(try await store.load().actualVMs.isEmpty)

            // What a VM gives back, it gives back with the claim.
            order.addresses = [(id, nil, others)]
            #expect(try await transactions.claim([order], lease: lease) != .conflict)
            #expect(try await store.load().addresses.isEmpty)
        }
    }

    @Test func noMoreClaimsThanFitAreTakenTogether() {
        func with(_ addresses: Int) -> ClaimOrder {
            var order = order(Revision(1), by: me)
            order.addresses = (0..<addresses).map { number in
                let id = AddressID(
                    network: NetworkID(unchecked: "blue"),
                    address: IPAddress(.ipv4, UInt128(number)))
                return (id, HeldAddress?.none, nil)
            }
            return order
        }
        #expect(VMTransactions.fitting([ClaimOrder](repeating: with(0), count: 40)) == 31)
        #expect(VMTransactions.fitting([ClaimOrder](repeating: with(4), count: 40)) == 21)
        #expect(VMTransactions.fitting([with(100), with(100)]) == 1)
        #expect(VMTransactions.fitting([with(200)]) == 1, "it says itself what is wrong")
    }

    @Test func asManyAddressesAsFitGoWithAVMAndTheRestAfterThem() async throws {
        try await withStore { store in
            let lease = try await store.grantLease(ttl: .seconds(60)).lease
            let revision = try await store.put(
                .actualVM(web), ActualVM.example(by: me), lease: lease)
            for number in 0..<300 {
                try await store.put(
                    .address(
                        AddressID(
                            network: NetworkID(unchecked: "blue"),
                            address: IPAddress(.ipv4, UInt128(0x0a00_0000 + number)))),
                    HeldAddress(
                        vm: web, vmCreateRevision: Revision(1), nic: 0,
                        mac: MACAddress(vm: web, nic: 0), since: Timestamp(milliseconds: 0)))
            }
            let transactions = VMTransactions(store: store, me: me)
            var rounds = 0
            while let claim = try await store.load().actualVMs[web] {
                #expect(claim.revision == revision, "the claim stays as it is until the last")
                let addresses = Dictionary(
                    uniqueKeysWithValues: try await store.load().addresses.held(by: web))
                let result = try await transactions.forget(
                    web, known: claim, volumes: [:], addresses: addresses)
                try #require(result != .conflict)
                rounds += 1
            }
            #expect(rounds == 3)
            #expect(try await store.load().addresses.isEmpty)
        }
    }

    @Test func writesAllOrNothing() async throws {
        try await withStore { store in
            let writes: [RecordWrite] = [
                .put(.desiredVM(web), DesiredVM.example()), .put(.host(me), try Host.example()),
            ]
            #expect(try await store.write(writes, if: [.exists(.host(me))]) == .conflict)
            #expect(try await store.load() == Cluster(revision: try await store.load().revision))
            #expect(try await store.write(writes, if: [.absent(.host(me))]) != .conflict)
            #expect(try await store.write(writes, if: [.absent(.host(me))]) == .conflict)
            #expect(try await store.write(writes, if: [.exists(.host(me))]) != .conflict)
        }
    }

    @Test func losesToARivalThatWroteSince() async throws {
        try await withStore { store in
            let read = try await store.put(.desiredVM(web), DesiredVM.example())
            let rival = try await store.put(.desiredVM(web), DesiredVM.example("web", .stop))
            let mine = RecordWrite.put(.desiredVM(web), DesiredVM.example("mine"))
            #expect(
                try await store.write([mine], if: [.unchanged(.desiredVM(web), since: read)])
                    == .conflict)
            #expect(
                try await store.write([mine], if: [.unchanged(.desiredVM(web), since: rival)])
                    != .conflict)
        }
    }

    @Test func oneOfManyClaimantsWins() async throws {
        try await withStore { store in
            let wanted = try await store.put(.desiredVM(web), DesiredVM.example())
            let lease = try await store.grantLease(ttl: .seconds(60)).lease
            let hosts = (0..<20).map { HostID(unchecked: "h\($0)") }
            for host in hosts { try await store.put(.host(host), Host.example(host), lease: lease) }
            let results = try await withThrowingTaskGroup(of: WriteResult.self) { group in
                for host in hosts {
                    group.addTask {
                        try await VMTransactions(store: store, me: host).claim(
                            [order(wanted, by: host)], lease: lease)
                    }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(results.count { $0 != .conflict } == 1)
            #expect(try await store.load().actualVMs[web]?.lease == lease)
        }
    }

    @Test func aClaimNeedsALivingSessionAndAnUnchangedWish() async throws {
        try await withStore { store in
            let wish = try await store.put(.desiredVM(web), DesiredVM.example())
            let lease = try await store.grantLease(ttl: .seconds(60)).lease
            let former = try await store.grantLease(ttl: .seconds(60)).lease
            func claim(_ wanted: MetaStackModel.Revision, _ lease: LeaseNumber) async throws
                -> WriteResult
            {
                try await VMTransactions(store: store, me: me).claim(
                    [order(wanted, by: me)], lease: lease)
            }
            #expect(try await claim(wish, lease) == .conflict, "no host record stands")
            try await store.put(.host(me), Host.example(), lease: lease)
            #expect(try await claim(wish, former) == .conflict, "it stands under another lease")
            #expect(try await claim(Revision(wish.number - 1), lease) == .conflict)
            #expect(try await claim(wish, lease) != .conflict)
        }
    }

    @Test func aClaimThatMakesADiskNeedsItsImageToStay() async throws {
        try await withStore { store in
            let image = ImageID(unchecked: "tiny")
            let wish = try await store.put(.desiredVM(web), DesiredVM.example())
            let lease = try await store.grantLease(ttl: .seconds(60)).lease
            try await store.put(.host(me), Host.example(), lease: lease)
            let ready = try await store.put(
                .actualImage(image), ActualImage(host: me, state: .ready))
            try await store.put(.actualImage(image), ActualImage(host: me, state: .deleting))
            let volume = Volume(
                pool: PoolName(unchecked: "vms"), image: "web.root.1", vm: web,
                vmCreateRevision: wish)
            var order = order(wish, by: me)
            order.volumes = [(VolumeID(vm: web), volume, nil)]
            order.image = (image, ready)
            let result = try await VMTransactions(store: store, me: me).claim(
                [order], lease: lease)
            #expect(result == .conflict)
            #expect(try await store.load().volumes.isEmpty)
        }
    }

    @Test func recordingAGuestNeedsTheClaimAndTheHistoryAsTheyWere() async throws {
        try await withStore { store in
            let transactions = VMTransactions(store: store, me: me)
            let lease = try await store.grantLease(ttl: .seconds(60)).lease
            let history = VMHistory(
                vmCreateRevision: Revision(1), host: me, incarnation: Revision(1))
            try await store.put(.actualVM(web), ActualVM.example(), lease: lease)
            let known = try #require(try await store.load().actualVMs[web])
            func record(_ knownHistory: Stored<VMHistory>?) async throws -> WriteResult {
                try await transactions.update(
                    web, .example(by: me, .starting), known: known, history: history,
                    knownHistory: knownHistory, lease: lease)
            }
            try await store.put(.history(web), history)
            #expect(try await record(nil) == .conflict, "a history has come up meanwhile")
            _ = try await store.write([.delete(.actualVM(web))], if: [])
            let stored = try #require(try await store.load().histories[web])
            #expect(try await record(stored) == .conflict, "the claim is gone")
            #expect(try await store.load().actualVMs.isEmpty)
        }
    }

    @Test func forgettingAVMRemovesAllThatIsLeftOfIt() async throws {
        try await withStore { store in
            let transactions = VMTransactions(store: store, me: me)
            let lease = try await store.grantLease(ttl: .seconds(60)).lease
            let decline = Decline(reason: "", at: Timestamp(milliseconds: 0))
            let volume = Volume(
                pool: PoolName(unchecked: "vms"), image: "i", vm: web,
                vmCreateRevision: Revision(1))
            try await store.put(.actualVM(web), ActualVM.example(), lease: lease)
            try await store.put(.volume(VolumeID(vm: web)), volume)
            try await store.put(
                .history(web),
                VMHistory(vmCreateRevision: Revision(1), host: me, incarnation: Revision(1)))
            try await store.put(.decline(web, me), decline)
            try await store.put(.decline(VMID(unchecked: "web2"), me), decline)
            let cluster = try await store.load()
            let known = try #require(cluster.actualVMs[web])
            let volumes = try #require(cluster.volumes[web])
            #expect(
                try await transactions.forget(web, known: known, volumes: volumes, addresses: [:])
                    != .conflict)
            let left = try await store.load()
            #expect(left.actualVMs.isEmpty && left.volumes.isEmpty && left.histories.isEmpty)
            #expect(left.declines.keys.map(\.text) == ["web2"])
        }
    }

    @Test func aVolumeThatChangedKeepsItsVMFromBeingForgotten() async throws {
        try await withStore { store in
            let lease = try await store.grantLease(ttl: .seconds(60)).lease
            var volume = Volume(
                pool: PoolName(unchecked: "vms"), image: "i", vm: web,
                vmCreateRevision: Revision(1))
            try await store.put(.actualVM(web), ActualVM.example(), lease: lease)
            try await store.put(.volume(VolumeID(vm: web)), volume)
            let cluster = try await store.load()
            volume.discarded = ["half-made"]
            try await store.put(.volume(VolumeID(vm: web)), volume)
            let result = try await VMTransactions(store: store, me: me).forget(
                web, known: try #require(cluster.actualVMs[web]),
                volumes: try #require(cluster.volumes[web]), addresses: [:])
            #expect(result == .conflict)
            #expect(try await store.load().actualVMs.count == 1)
        }
    }
}
