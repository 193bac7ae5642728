// swift-tools-version: 6.2
import PackageDescription

let strict: [SwiftSetting] =
    [
        .swiftLanguageMode(.v6),
        .enableUpcomingFeature("ExistentialAny"),
        .enableUpcomingFeature("MemberImportVisibility"),
        .enableUpcomingFeature("InternalImportsByDefault"),
    ]
    + (Context.environment["METASTACK_WARNINGS_AS_ERRORS"] == "1"
        ? [.treatAllWarnings(as: .error)] : [])

/// One of our own targets: the strict settings, and its dependencies in one line each.
func module(_ name: String, _ dependencies: Target.Dependency...) -> Target {
    .target(
        name: name, dependencies: dependencies, exclude: readme(name),
        resources: embedded(name), swiftSettings: strict)
}

func program(_ name: String, _ dependencies: Target.Dependency...) -> Target {
    .executableTarget(name: name, dependencies: dependencies, swiftSettings: strict)
}

func tests(_ name: String, _ dependencies: Target.Dependency...) -> Target {
    .testTarget(name: name, dependencies: dependencies, swiftSettings: strict)
}

/// The wrappers carry a README beside their sources.
func readme(_ name: String) -> [String] {
    ["Curl", "Etcd", "Libvirt", "Ceph", "ISO9660"].contains(name) ? ["README.md"] : []
}

/// The page's files are part of the program, so that one file is all that is to be installed.
func embedded(_ name: String) -> [Resource] {
    name == "MetaStackWeb" ? [.embedInCode("Page/Resources")] : []
}

let argumentParser = Target.Dependency.product(
    name: "ArgumentParser", package: "swift-argument-parser")
let crypto = Target.Dependency.product(name: "Crypto", package: "swift-crypto")
let deque = Target.Dependency.product(name: "DequeModule", package: "swift-collections")
let hummingbird = Target.Dependency.product(name: "Hummingbird", package: "hummingbird")
let hummingbirdCore = Target.Dependency.product(name: "HummingbirdCore", package: "hummingbird")
let hummingbirdTLS = Target.Dependency.product(name: "HummingbirdTLS", package: "hummingbird")
let lifecycle = Target.Dependency.product(
    name: "ServiceLifecycle", package: "swift-service-lifecycle")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let mustache = Target.Dependency.product(name: "Mustache", package: "swift-mustache")
let nio = Target.Dependency.product(name: "NIOCore", package: "swift-nio")
let nioHTTP = Target.Dependency.product(name: "NIOHTTP1", package: "swift-nio")
let nioPOSIX = Target.Dependency.product(name: "NIOPosix", package: "swift-nio")
let signals = Target.Dependency.product(
    name: "UnixSignals", package: "swift-service-lifecycle")
let subprocess = Target.Dependency.product(name: "Subprocess", package: "swift-subprocess")
let yaml = Target.Dependency.product(name: "Yams", package: "Yams")

let package = Package(
    name: "metastack",
    products: [
        .executable(name: "metastack-node", targets: ["metastack-node"]),
        .executable(name: "metastack", targets: ["metastack"]),
        .library(name: "Etcd", targets: ["Etcd"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(
            url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1", traits: []),
        .package(url: "https://github.com/hummingbird-project/swift-mustache", from: "2.1.1"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        .package(url: "https://github.com/swiftlang/swift-subprocess", from: "1.0.2", traits: []),
    ],
    targets: [
        // C, and its thin wrappers.
        .systemLibrary(
            name: "CCurl", pkgConfig: "libcurl", providers: [.apt(["libcurl4-openssl-dev"])]),
        .systemLibrary(
            name: "CLibvirt", pkgConfig: "libvirt", providers: [.apt(["libvirt-dev"])]),
        .systemLibrary(
            name: "CLibXML2", pkgConfig: "libxml-2.0", providers: [.apt(["libxml2-dev"])]),
        .systemLibrary(name: "CCeph", providers: [.apt(["librados-dev", "librbd-dev"])]),
        .systemLibrary(
            name: "CISOFS", pkgConfig: "libisofs-1", providers: [.apt(["libisofs-dev"])]),
        .systemLibrary(name: "CMemory"),
        .systemLibrary(name: "CNamespaces"),
        .systemLibrary(name: "CNetlink"),
        .target(name: "CRadosWatchers"),
        .target(name: "CSimulationHook"),
        module("BlockingCalls"),
        module("Curl", "CCurl"),
        module("Etcd", "Curl", logging),
        module("Libvirt", "BlockingCalls", "CLibvirt", "CLibXML2"),
        module("Ceph", "BlockingCalls", "CCeph", "CRadosWatchers"),
        module("ISO9660", "CISOFS"),

        // What MetaStack is.
        module("MetaStackModel", yaml),
        module("MetaStackDecisions", "MetaStackModel"),
        module("SmallHTTP", nio, nioHTTP, nioPOSIX),
        module(
            "LinuxNetwork", "CNamespaces", "CNetlink", "MetaStackModel", "SmallHTTP", subprocess),
        module("MetaStackStore", "Etcd", "MetaStackModel", "MetaStackDecisions", logging),
        module("MetaStackLogging", "MetaStackModel", logging),
        module(
            "MetaStackAgent", "CMemory", "Ceph", "Curl", "ISO9660", "Libvirt", "LinuxNetwork",
            "MetaStackDecisions", "MetaStackModel", "MetaStackStore", "SmallHTTP", crypto,
            lifecycle, logging, subprocess),
        module(
            "MetaStackManagement", "MetaStackDecisions", "MetaStackModel", "MetaStackStore",
            crypto),
        module(
            "MetaStackWeb", "Etcd", "MetaStackDecisions", "MetaStackManagement", "MetaStackModel",
            "MetaStackStore", crypto, deque, hummingbird, hummingbirdCore, hummingbirdTLS,
            lifecycle, logging,
            mustache),
        module(
            "MetaStackCommands", "Curl", "Etcd", "MetaStackDecisions", "MetaStackLogging",
            "MetaStackManagement", "MetaStackModel", "MetaStackStore", "MetaStackWeb",
            argumentParser, crypto, lifecycle, logging, signals, subprocess, yaml),
        module(
            "MetaStackTesting", "CSimulationHook", "Curl", "Etcd", "LinuxNetwork", "MetaStackAgent",
            "MetaStackDecisions", "MetaStackModel", "MetaStackStore", lifecycle, logging,
            subprocess),

        program(
            "metastack-node", "MetaStackAgent", "MetaStackLogging", "MetaStackModel",
            "MetaStackStore", argumentParser, lifecycle, logging, signals),
        program("metastack", "MetaStackCommands"),
        program(
            "metastack-bench", "Curl", "Etcd", "LinuxNetwork", "MetaStackAgent",
            "MetaStackDecisions",
            "MetaStackModel", "MetaStackStore", "MetaStackTesting", argumentParser, lifecycle,
            logging, subprocess),

        program("metastack-sim", "MetaStackTesting", argumentParser),

        tests("BlockingCallsTests", "BlockingCalls"),
        tests("CurlTests", "Curl"),
        tests("EtcdTests", "Etcd", logging, subprocess),
        tests("LibvirtTests", "Libvirt"),
        tests("CephTests", "Ceph", "CCeph", subprocess),
        tests("ISO9660Tests", "ISO9660", subprocess),
        tests("LinuxNetworkTests", "LinuxNetwork", "MetaStackModel", subprocess),
        tests("MetaStackModelTests", "MetaStackModel", "MetaStackTesting"),
        tests(
            "MetaStackDecisionsTests", "MetaStackDecisions", "MetaStackModel", "MetaStackTesting"),
        tests(
            "MetaStackStoreTests", "MetaStackStore", "MetaStackTesting", "MetaStackModel", "Etcd",
            logging),
        tests(
            "MetaStackLoggingTests", "MetaStackLogging", "MetaStackModel", "MetaStackTesting",
            logging, subprocess),
        tests(
            "MetaStackAgentTests", "Curl", "LinuxNetwork", "MetaStackAgent", "MetaStackTesting",
            "MetaStackModel",
            "MetaStackDecisions", "MetaStackStore", "Etcd", lifecycle, logging, subprocess),
        tests(
            "MetaStackCommandsTests", "Etcd", "MetaStackCommands", "MetaStackManagement",
            "MetaStackModel", "MetaStackStore", "MetaStackTesting", "metastack", argumentParser,
            logging, subprocess, yaml),
        tests(
            "MetaStackManagementTests", "MetaStackManagement", "MetaStackModel", "MetaStackStore"),
        tests(
            "MetaStackWebTests", "Curl", "MetaStackCommands", "MetaStackManagement",
            "MetaStackModel", "MetaStackStore",
            "MetaStackTesting", "MetaStackWeb", hummingbird, lifecycle, logging, subprocess),
        tests("SimulationTests", "MetaStackTesting", "metastack-sim", subprocess),
        tests(
            "SystemTests", "Etcd", "MetaStackModel", "MetaStackStore", "MetaStackTesting", logging,
            subprocess),
    ]
)
