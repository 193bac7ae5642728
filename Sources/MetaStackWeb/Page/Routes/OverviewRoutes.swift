import MetaStackManagement
import MetaStackModel

/// `/`, and the switch for takeovers that stands on it.
struct OverviewRoutes {
    let pages: Pages

    var routes: [APIRoute] { [overview, turn("arm", .armed), turn("disarm", .disarmed)] }

    private var overview: APIRoute {
        pages.show("/", "The cluster at a glance.") { visit in Self.page(Self.view(visit)) }
    }

    private func turn(_ verb: String, _ state: TakeoverSwitch.State) -> APIRoute {
        pages.take("/takeover/\(verb)", "Turn the switch for takeovers: \(verb).") { visit in
            let order = try TakeoverSwitchChange(to: state, reason: visit.text("reason"))
            try await pages.commit(
                try order.change(in: visit.cluster, at: visit.now), by: visit)
            return "/"
        } orElse: { visit, problem in
            var view = Self.view(visit)
            view.takeovers.refuse(verb, problem, typed: visit.typed)
            return Self.page(view)
        }
    }

    private static func view(_ visit: Visit) -> OverviewView {
        var view = OverviewView(visit.cluster, at: visit.now, canWrite: visit.canWrite)
        if visit.canWrite {
            view.takeovers.forms = TakeoverView.forms(visit.cluster, proof: visit.proof)
        }
        return view
    }

    private static func page(_ view: OverviewView) -> Page {
        Page(
            title: "Overview", template: "overview", content: view,
            kinds: [.vm, .host, .image, .flavour, .config])
    }
}
