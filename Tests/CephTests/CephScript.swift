/// Starts one monitor and one OSD in memory on 127.0.0.1, and ends them when its standard input
/// closes, which is when the test process ends, however it ends.
///
/// Arguments: a directory to make, the monitor's v1 port, its v2 port. Prints `ready` when the
/// pools `vms`, `images` and `locked` are there, and `client.metastack` may use the first two;
/// `client.lifter` may lift evictions besides.
/// The five interval settings bring it up in about a second: with Ceph's own ones each change of
/// a map waits for a tick of 5 s.
let cephScript = #"""
    set -e
    dir=$1 v1=$2 v2=$3
    mon= osd=
    end() {
        trap - EXIT
        # KILL, for the test process's threads block signals and their children inherit that.
        # Nothing of this Ceph is to be saved.
        [ -z "$osd" ] || kill -KILL "$osd" || true
        [ -z "$mon" ] || kill -KILL "$mon" || true
        wait 2>/dev/null || true
        rm -rf "$dir"
    }
    trap end EXIT
    trap 'exit 1' INT TERM HUP
    for tool in ceph ceph-mon ceph-osd ceph-authtool monmaptool rbd; do
        command -v $tool >/dev/null || {
            echo "$tool is missing: apt-get install ceph-mon ceph-osd ceph-common" >&2
            exit 1
        }
    done
    mkdir -p "$dir/mon" "$dir/osd" "$dir/run"
    fsid=$(cat /proc/sys/kernel/random/uuid)
    cat >"$dir/ceph.conf" <<CONF
    [global]
    fsid = $fsid
    mon host = [v2:127.0.0.1:$v2,v1:127.0.0.1:$v1]
    public addr = 127.0.0.1
    cluster addr = 127.0.0.1
    auth cluster required = cephx
    auth service required = cephx
    auth client required = cephx
    auth allow insecure global id reclaim = false
    osd pool default size = 1
    osd pool default min size = 1
    osd pool default pg num = 8
    osd pool default pgp num = 8
    osd pool default pg autoscale mode = off
    mon allow pool size one = true
    mon warn on pool no redundancy = false
    osd crush chooseleaf type = 0
    osd objectstore = memstore
    memstore device bytes = 4294967296
    mon data avail crit = 1
    mon data avail warn = 1
    mon tick interval = 1
    paxos propose interval = 0.05
    paxos min wait = 0.01
    osd heartbeat interval = 1
    osd mon report interval = 1
    osd tick interval = 0.2
    log to stderr = false
    err to stderr = false
    mon cluster log file = $dir/cluster.log
    run dir = $dir/run
    [mon]
    mon data = $dir/mon
    log file = $dir/mon.log
    admin socket = $dir/run/mon.asok
    keyring = $dir/mon.keyring
    [osd]
    osd data = $dir/osd
    log file = $dir/osd.log
    admin socket = $dir/run/osd.asok
    keyring = $dir/osd.keyring
    [client]
    log file = /dev/null
    admin socket =
    keyring = $dir/\$name.keyring
    CONF
    conf=$dir/ceph.conf
    ceph() { command ceph -c "$conf" --connect-timeout 15 "$@"; }
    {
        ceph-authtool -C "$dir/mon.keyring" --gen-key -n mon. --cap mon 'allow *'
        ceph-authtool -C "$dir/client.admin.keyring" --gen-key -n client.admin \
            --cap mon 'allow *' --cap osd 'allow *'
        ceph-authtool "$dir/mon.keyring" --import-keyring "$dir/client.admin.keyring"
        monmaptool --create --fsid $fsid --addv a "[v2:127.0.0.1:$v2,v1:127.0.0.1:$v1]" \
            "$dir/monmap"
        ceph-mon -c "$conf" --mkfs -i a --monmap "$dir/monmap" --keyring "$dir/mon.keyring"
        ceph-mon -c "$conf" -i a -f </dev/null >"$dir/mon.out" 2>&1 & mon=$!
        ceph-authtool -C "$dir/osd.keyring" --gen-key -n osd.0
        uuid=$(cat /proc/sys/kernel/random/uuid)
        secret=$(ceph-authtool -p -n osd.0 "$dir/osd.keyring")
        echo "{\"cephx_secret\":\"$secret\"}" | ceph osd new $uuid -i -
        ceph-osd -c "$conf" -i 0 --mkfs --osd-uuid $uuid
        ceph-osd -c "$conf" -i 0 -f </dev/null >"$dir/osd.out" 2>&1 & osd=$!
        echo $osd >"$dir/osd.pid"
        for pool in vms images locked; do ceph osd pool create $pool 8 8; done
        for pool in vms images locked; do rbd -c "$conf" pool init $pool; done
        ceph auth get-or-create client.metastack mon 'profile rbd' \
            osd 'profile rbd pool=vms, profile rbd pool=images' >"$dir/client.metastack.keyring"
        ceph auth get-or-create client.lifter mon 'profile rbd, allow command "osd blocklist"
            with blocklistop=rm' osd 'profile rbd' >"$dir/client.lifter.keyring"
    } >"$dir/setup.out" 2>&1 || {
        tail -n 20 "$dir/setup.out" >&2
        exit 1
    }
    echo ready
    read -r _ || true
    """#
