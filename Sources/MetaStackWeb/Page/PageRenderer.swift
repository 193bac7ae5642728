import Crypto
import Foundation
import HTTPTypes
import Hummingbird
import MetaStackManagement
import MetaStackModel
import Mustache
import NIOCore

/// One page: what is shown, by which template, and what it follows.
struct Page: Sendable {
    let title: String
    /// A file's name in `Resources`, without `.mustache`.
    let template: String
    /// Its properties are the template's names.
    let content: any Sendable
    /// The kinds of things whose changes change the page.
    var kinds: [ResourceKind] = []
    /// Of VMs, only the changes of this one do.
    var vm: VMID?
    var status = HTTPResponse.Status.ok
}

/// Makes HTML of pages. Templates escape; the only texts that are taken as they are, are other
/// templates' and ``VMRows``'.
struct PageRenderer: Sendable {
    /// The menu, and who sees each of it.
    static let links: [(href: String, text: String, role: AccessToken.Role)] = [
        ("/", "Overview", .viewer), ("/vms", "VMs", .viewer), ("/hosts", "Hosts", .viewer),
        ("/images", "Images", .viewer), ("/flavours", "Flavours", .viewer),
        ("/networks", "Networks", .viewer), ("/ssh-keys", "SSH keys", .viewer),
        ("/events", "Events", .viewer), ("/config", "Settings", .viewer),
        ("/doctor", "Doctor", .viewer), ("/tokens", "Tokens", .admin),
    ]

    private let library: MustacheLibrary
    /// Changes with the files, so that browsers may keep them.
    private let assets: String

    /// - Throws: where a template cannot be read.
    init() throws {
        var library = MustacheLibrary()
        for (name, bytes) in Self.templates {
            try library.register(String(decoding: bytes, as: UTF8.self), named: name)
        }
        self.library = library
        let files = PackageResources.page_css + PackageResources.page_js
        assets = String(String(decoding: files, as: UTF8.self).digest.prefix(12))
    }

    private static let templates: [String: [UInt8]] = [
        "layout": PackageResources.layout_mustache, "form": PackageResources.form_mustache,
        "state": PackageResources.state_mustache, "moment": PackageResources.moment_mustache,
        "table": PackageResources.table_mustache, "login": PackageResources.login_mustache,
        "overview": PackageResources.overview_mustache, "error": PackageResources.error_mustache,
        "vms": PackageResources.vms_mustache, "vm": PackageResources.vm_mustache,
        "vmform": PackageResources.vmform_mustache, "list": PackageResources.list_mustache,
        "host": PackageResources.host_mustache, "events": PackageResources.events_mustache,
        "folded": PackageResources.folded_mustache, "finding": PackageResources.finding_mustache,
        "doctor": PackageResources.doctor_mustache, "setting": PackageResources.setting_mustache,
        "secret": PackageResources.secret_mustache,
        "rebalance": PackageResources.rebalance_mustache,
    ]

    /// - Parameters:
    ///   - identity: nil where nobody is logged in.
    ///   - path: of the request, to mark where one is.
    ///   - revision: the newest that the page shows; what comes after it is followed.
    func response(
        _ page: Page, for identity: Identity?, at path: String, revision: Revision
    ) -> Response {
        let frame = Frame(
            title: page.title.printable, assets: assets,
            kinds: page.kinds.map(\.word).joined(separator: " "), vm: page.vm?.text,
            main: library.render(page.content, withTemplate: page.template) ?? "",
            user: identity.map { identity in
                Frame.User(
                    revision: revision.description, name: identity.name,
                    role: identity.role.rawValue, proof: identity.formProof,
                    links: Self.links.filter { identity.role >= $0.role }.map { link in
                        Frame.Link(
                            href: link.href, text: link.text, isHere: Self.isHere(path, link.href))
                    })
            })
        let html = library.render(frame, withTemplate: "layout") ?? ""
        return .text(html, type: "text/html; charset=utf-8", status: page.status)
    }

    private static func isHere(_ path: String, _ href: String) -> Bool {
        path == href || href != "/" && path.hasPrefix(href + "/")
    }

    /// What stands around every page.
    private struct Frame {
        struct Link {
            let href: String
            let text: String
            let isHere: Bool
        }

        struct User {
            let revision: String
            let name: String
            let role: String
            let proof: String
            let links: [Link]
        }

        let title: String
        let assets: String
        let kinds: String
        let vm: String?
        let main: String
        let user: User?
    }
}

extension String {
    /// The hexadecimal SHA-256 of its UTF-8.
    var digest: String {
        SHA256.hash(data: Data(utf8))
            .map { String(256 + Int($0), radix: 16).dropFirst() }.joined()
    }
}
