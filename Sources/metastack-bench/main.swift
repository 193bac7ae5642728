print("metastack-bench")
