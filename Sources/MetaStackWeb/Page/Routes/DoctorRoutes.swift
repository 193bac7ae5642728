import MetaStackManagement
import MetaStackModel

/// `/doctor`: what `metastack doctor` finds. It asks etcd's members one by one, each time it is looked at.
struct DoctorRoutes {
    let pages: Pages

    var routes: [APIRoute] {
        [
            pages.show("/doctor", "Everything that can be wrong.") { visit in
                let diagnosis = try await pages.service.store.diagnosis(
                    at: visit.now, seesTokens: visit.isAdmin)
                return Page(
                    title: "Doctor", template: "doctor", content: DoctorView(diagnosis))
            }
        ]
    }
}
