print("metastack")
