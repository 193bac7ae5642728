import CCurl
import Glibc

// What libcurl calls from its thread. The context is the unretained `RunningTransfer`, which
// outlives its easy handle.

/// `CURLOPT_WRITEFUNCTION`: returns the bytes taken, or one of libcurl's two special values.
func curlReceivedBody(
    _ bytes: UnsafeMutablePointer<CChar>?, _ size: Int, _ count: Int,
    _ context: UnsafeMutableRawPointer?
) -> Int {
    guard let context else { return 0 }
    let running = Unmanaged<RunningTransfer>.fromOpaque(context).takeUnretainedValue()
    switch running.receivedBody(UnsafeRawBufferPointer(start: bytes, count: size * count)) {
    case .taken: return size * count
    case .paused: return Int(CURL_WRITEFUNC_PAUSE)
    // Any number but the count ends the transfer; there is none of an empty write to refuse.
    case .refused: return 0
    }
}

/// `CURLOPT_HEADERFUNCTION`: one whole line at a time.
func curlReceivedHeader(
    _ bytes: UnsafeMutablePointer<CChar>?, _ size: Int, _ count: Int,
    _ context: UnsafeMutableRawPointer?
) -> Int {
    guard let context else { return 0 }
    let running = Unmanaged<RunningTransfer>.fromOpaque(context).takeUnretainedValue()
    running.receivedHeader(UnsafeRawBufferPointer(start: bytes, count: size * count))
    return size * count
}

/// `CURLOPT_PREREQFUNCTION`: the connection stands, the request goes out next.
func curlAboutToSend(
    _ context: UnsafeMutableRawPointer?, _ primaryAddress: UnsafeMutablePointer<CChar>?,
    _ localAddress: UnsafeMutablePointer<CChar>?, _ primaryPort: Int32, _ localPort: Int32
) -> Int32 {
    guard let context else { return CURL_PREREQFUNC_ABORT }
    let running = Unmanaged<RunningTransfer>.fromOpaque(context).takeUnretainedValue()
    return running.aboutToSend() ? CURL_PREREQFUNC_OK : CURL_PREREQFUNC_ABORT
}

/// `CURLOPT_SOCKOPTFUNCTION`: three unanswered keepalive probes end a connection. libcurl has an
/// option for the number only since 8.9. A child process that the program starts gets no copy of
/// the socket, which would keep the connection open after it was closed here.
func curlOpenedSocket(
    _ context: UnsafeMutableRawPointer?, _ socket: curl_socket_t, _ purpose: curlsocktype
) -> Int32 {
    var probes: Int32 = 3
    // Where the kernel refuses, its own default of nine probes holds, which is only slower.
    setsockopt(
        socket, Int32(IPPROTO_TCP), TCP_KEEPCNT, &probes, socklen_t(MemoryLayout<Int32>.size))
    _ = fcntl(socket, F_SETFD, FD_CLOEXEC)
    return Int32(CURL_SOCKOPT_OK)
}
