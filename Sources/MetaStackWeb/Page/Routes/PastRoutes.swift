import MetaStackManagement
import MetaStackModel

/// `/events`: what `metastack event list` tells, live.
struct PastRoutes {
    let pages: Pages

    var routes: [APIRoute] {
        [
            pages.show("/events", "What has happened.") { [history = pages.history] visit in
                let log = await history.log(reaching: visit.cluster.revision)
                let view = EventsView(
                    visit.isAdmin ? log : log?.withoutTokens, EventQuery(visit.query),
                    in: visit.cluster, at: visit.now)
                return Page(
                    title: "Events", template: "events", content: view,
                    kinds: [.vm, .host, .image, .flavour, .config])
            }
        ]
    }
}
