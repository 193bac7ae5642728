import Testing

/// The page in a real Chromium, one at a time: each of them takes a whole processor.
@Suite(.serialized) enum BrowserTests {}
