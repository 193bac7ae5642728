import MetaStackModel
import MetaStackTesting
import Testing

extension SystemTests {
    /// The README's tour, the same in each of the ways in which it can be taken.
    @Suite struct Tours {
        @Test func byCommandsOnEtcd() async throws {
            try await Fixture.run { test in
                let lab = test.lab
                var tour = Tour(test)
                try await tour.take(
                    CommandTraveller(connection: []) { try await lab.metastack($0) })
            }
        }

        @Test func byCommandsThroughAServer() async throws {
            try await Fixture.run { test in
                try await ManagementServer.run(test, role: "admin") { server in
                    var tour = Tour(test, server: server.url)
                    // Nothing says where etcd is.
                    let traveller = CommandTraveller(
                        connection: ["--server", server.url, "--token", server.token]
                    ) { try await server.metastack($0) }
                    try await tour.take(traveller)
                }
            }
        }

        @Test func byCurl() async throws {
            try await Fixture.run { test in
                try await ManagementServer.run(test, role: "admin") { server in
                    var tour = Tour(test, server: server.url)
                    try await tour.take(CurlTraveller(url: server.url, token: server.token))
                }
            }
        }

        @Test func onThePage() async throws {
            try await Fixture.run { test in
                try await ManagementServer.run(test, role: "admin") { server in
                    try await Browser.run { browser in
                        var tour = Tour(test, server: server.url)
                        let traveller = PageTraveller(url: server.url, browser: browser)
                        try await traveller.logIn(server.token)
                        try await tour.take(traveller)
                        try await traveller.turnSwitches(test)
                        // The page of a VM that is deleted may be read once more before it is left.
                        let wrong = try await browser.console().filter { line in
                            line.hasPrefix("SEVERE")
                                && !(line.contains("/vms/") && line.contains(" 404 "))
                        }
                        #expect(wrong == [])
                    }
                }
            }
        }
    }
}
