import CCurl
import FoundationEssentials

extension RunningTransfer {
    /// Puts the whole request into the easy handle.
    func configure() throws(CurlError) {
        let context = Unmanaged.passUnretained(self).toOpaque()
        try set(CURLOPT_ERRORBUFFER, pointer: UnsafeMutableRawPointer(errorText))
        try set(CURLOPT_PRIVATE, pointer: context)
        try setCallbacks(context)
        try setAddress()
        try setConnection()
        try setTLS()
        try setHeaders()
        try setMethod()
    }

    private var request: CurlRequest { transfer.request }

    private func setCallbacks(_ context: UnsafeMutableRawPointer) throws(CurlError) {
        try check(ccurl_set_write(easy, CURLOPT_WRITEFUNCTION, curlReceivedBody))
        try set(CURLOPT_WRITEDATA, pointer: context)
        try check(ccurl_set_write(easy, CURLOPT_HEADERFUNCTION, curlReceivedHeader))
        try set(CURLOPT_HEADERDATA, pointer: context)
        try check(ccurl_set_prereq(easy, curlAboutToSend))
        try set(CURLOPT_PREREQDATA, pointer: context)
        try check(ccurl_set_sockopt(easy, curlOpenedSocket))
    }

    private func setAddress() throws(CurlError) {
        try set(CURLOPT_PROTOCOLS_STR, "http,https")
        try set(CURLOPT_REDIR_PROTOCOLS_STR, "http,https")
        try set(CURLOPT_URL, request.url)
        if case .none = request.proxy { try set(CURLOPT_PROXY, "") }
        if request.redirectLimit > 0 {
            try set(CURLOPT_FOLLOWLOCATION, 1)
            try set(CURLOPT_MAXREDIRS, request.redirectLimit)
        }
    }

    /// Time-outs and the socket. Kept connections are checked by TCP itself while they idle (see
    /// `curlOpenedSocket` for the number of probes): a dead peer shows after about 11 s.
    private func setConnection() throws(CurlError) {
        try set(CURLOPT_NOSIGNAL, 1)
        try set(CURLOPT_HTTP_VERSION, httpVersion)
        try set(CURLOPT_TCP_NODELAY, 1)
        try set(CURLOPT_TCP_KEEPALIVE, 1)
        try set(CURLOPT_TCP_KEEPIDLE, 5)
        try set(CURLOPT_TCP_KEEPINTVL, 2)
        try set(CURLOPT_BUFFERSIZE, 128 * 1024)
        try set(CURLOPT_CONNECTTIMEOUT_MS, request.connectTimeout.curlMilliseconds)
        if let expiry = transfer.expiry {
            try set(CURLOPT_TIMEOUT_MS, (expiry - .now).curlMilliseconds)
        }
        if request.usesFreshConnection { try set(CURLOPT_FRESH_CONNECT, 1) }
    }

    private var httpVersion: Int {
        guard request.speaksHTTP2 else { return Int(CURL_HTTP_VERSION_1_1) }
        let isEncrypted = request.url.hasPrefix("https:")
        return Int(isEncrypted ? CURL_HTTP_VERSION_2TLS : CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE)
    }

    private func setTLS() throws(CurlError) {
        try set(CURLOPT_SSLVERSION, Int(CURL_SSLVERSION_TLSv1_2))
        guard let tls = request.tls else { return }
        if let authority = tls.certificateAuthority { try set(CURLOPT_CAINFO, authority) }
        if let certificate = tls.certificate { try set(CURLOPT_SSLCERT, certificate) }
        if let key = tls.key { try set(CURLOPT_SSLKEY, key) }
    }

    private func setHeaders() throws(CurlError) {
        // Without this libcurl waits up to a second for leave to send a body above 1 MiB.
        try append(header: "Expect:")
        for (name, value) in request.headers {
            let field = "\(name): \(value)"
            guard !field.utf8.contains(where: { $0 == 10 || $0 == 13 || $0 == 0 }) else {
                throw CurlError(
                    .badRequest, "header \(name) has a line break in its value", url: request.url)
            }
            try append(header: field)
        }
        try set(CURLOPT_HTTPHEADER, pointer: UnsafeMutableRawPointer(headerList))
    }

    private func append(header: String) throws(CurlError) {
        guard let list = curl_slist_append(headerList, header) else {
            throw CurlError(.other, "no memory for a header", url: request.url)
        }
        headerList = list
    }

    private func setMethod() throws(CurlError) {
        switch request.method {
        case .get:
            try set(CURLOPT_HTTPGET, 1)
        case .head:
            try set(CURLOPT_NOBODY, 1)
        case .post(let body):
            try setBody(body)
        case .custom(let verb, let body):
            if let body { try setBody(body) }
            try set(CURLOPT_CUSTOMREQUEST, verb)
        }
    }

    private func setBody(_ body: Data) throws(CurlError) {
        // The size comes first: with it libcurl copies bytes, without it a C string.
        try check(ccurl_set_size(easy, CURLOPT_POSTFIELDSIZE_LARGE, curl_off_t(body.count)))
        let result = body.withUnsafeBytes { bytes in
            ccurl_set_pointer(
                easy, CURLOPT_COPYPOSTFIELDS, UnsafeMutableRawPointer(mutating: bytes.baseAddress))
        }
        try check(result)
    }

    private func set(_ option: CURLoption, _ value: Int) throws(CurlError) {
        try check(ccurl_set_long(easy, option, value))
    }

    private func set(_ option: CURLoption, _ value: String) throws(CurlError) {
        try check(ccurl_set_string(easy, option, value))
    }

    private func set(
        _ option: CURLoption, pointer: UnsafeMutableRawPointer?
    ) throws(CurlError) {
        try check(ccurl_set_pointer(easy, option, pointer))
    }

    private func check(_ result: CURLcode) throws(CurlError) {
        guard result != CURLE_OK else { return }
        let reason = String(cString: curl_easy_strerror(result))
        throw CurlError(.badRequest, "libcurl refuses the request: \(reason)", url: request.url)
    }
}
