import Testing

/// Tests that drive a whole cluster: real etcd, Ceph, libvirt and guests, broken on purpose. They
/// share one lab and its two processors, so they run one after the other.
@Suite(.serialized) enum SystemTests {}
