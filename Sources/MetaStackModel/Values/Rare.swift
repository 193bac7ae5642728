/// An optional field that hardly any record has, kept outside of it: the many without it pay 8 bytes.
///
/// ```
/// @Rare public var move: GuestMove?
/// ```
@propertyWrapper
public struct Rare<Value: Sendable & Equatable>: Sendable, Equatable {
    private enum Storage: Sendable, Equatable {
        case absent
        indirect case present(Value)
    }

    private var storage: Storage

    public init(wrappedValue: Value?) {
        storage = wrappedValue.map { .present($0) } ?? .absent
    }

    public var wrappedValue: Value? {
        get {
            switch storage {
            case .absent: nil
            case .present(let value): value
            }
        }
        set { self = Self(wrappedValue: newValue) }
    }
}
