import MetaStackManagement

/// `/` and `/events`.
struct OverviewRoutes {
    let pages: Pages

    var routes: [APIRoute] { [overview, events] }

    private var overview: APIRoute {
        pages.show("/", "The cluster at a glance.") { visit in
            Page(
                title: "Overview", template: "overview",
                content: OverviewView(visit.cluster, at: visit.now, canWrite: visit.canWrite),
                kinds: [.vm, .host, .image, .flavour, .config])
        }
    }

    private var events: APIRoute {
        pages.show("/events", "What has happened.") { [changes = pages.changes] visit in
            Page(
                title: "Events", template: "events",
                content: EventsView(visit.cluster, changes.newestFirst, at: visit.now),
                kinds: [.vm, .host, .image])
        }
    }
}
