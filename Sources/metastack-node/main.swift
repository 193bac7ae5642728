print("metastack-node")
