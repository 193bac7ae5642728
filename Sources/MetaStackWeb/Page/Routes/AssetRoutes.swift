import HTTPTypes
import Hummingbird

/// The page's files that are the same for everybody.
struct AssetRoutes {
    var routes: [APIRoute] {
        [
            asset("page.css", "text/css; charset=utf-8", PackageResources.page_css),
            asset("page.js", "text/javascript; charset=utf-8", PackageResources.page_js),
            asset("icon.svg", "image/svg+xml", PackageResources.icon_svg),
        ]
    }

    private func asset(_ name: String, _ type: String, _ bytes: [UInt8]) -> APIRoute {
        let text = String(decoding: bytes, as: UTF8.self)
        return APIRoute(
            method: .get, path: "/assets/\(name)", role: nil, id: "page \(name)", tag: "page",
            summary: "The page's \(name).", answers: []
        ) { _, _ in
            var response = Response.text(text, type: type)
            // Pages ask for it with its digest, so that another file has another address.
            response.headers[.cacheControl] = "public, max-age=86400"
            return response
        }
    }
}
