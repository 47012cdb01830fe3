# SPDX-License-Identifier: MIT
# shellcheck shell=sh disable=SC2154
#
# msrfs.sh - a mount of msrfs for a shell test, after lib.sh:
#
#	msrfs_start SKL SKL || skip_all "$msrfs_why"
#
# One at a time.  It goes with the test, however that ends: descriptor 7 is the
# life line.  The commands of msrfs_ctl are in msrfs/README.

msrfs_bin=${MSRFS:-$top/tests/msrfs/msrfs}
msrfs_pid=
trap 'msrfs_stop; rm -rf "$tmp"' EXIT

# Can a mount be tried at all?  Else $msrfs_why is the reason.
msrfs_check()
{
	msrfs_why=
	if [ ! -x "$msrfs_bin" ]; then
		msrfs_why="tests/msrfs/msrfs was not built (it takes fuse3)"
	elif [ ! -c /dev/fuse ]; then
		msrfs_why="there is no /dev/fuse"
	elif ! (exec 3<>/dev/fuse) 2>/dev/null; then
		msrfs_why="/dev/fuse may not be opened"
	elif [ "$(id -u)" -ne 0 ] && ! have fusermount3; then
		msrfs_why="not root, and there is no fusermount3"
	fi
	[ -z "$msrfs_why" ]
}

# msrfs_start [OPTION...] CONFIG...: mount them as CPU 0, 1, ...  Leaves
# $msrfs_dir and $msrfs_pid; libpfmcore finds the CPUs by PFM_CPU_PATH.
msrfs_start()
{
	msrfs_stop
	msrfs_check || return
	msrfs_opts=
	while [ $# -gt 0 ]; do
		case $1 in
		-*) msrfs_opts="$msrfs_opts $1" ;;
		*) break ;;
		esac
		shift
	done
	msrfs_dir=$tmp/msrfs
	mkdir -p "$msrfs_dir"
	rm -f "$tmp/msrfs.pipe"
	mkfifo "$tmp/msrfs.pipe"
	# shellcheck disable=SC2086 # options
	"$msrfs_bin" -f $msrfs_opts --cpus="$(echo "$*" | tr ' ' ,)" \
		--ready-fd=3 --life-fd=3 "$msrfs_dir" \
		3>"$tmp/msrfs.pipe" 2>"$tmp/msrfs.err" &
	msrfs_pid=$!
	exec 7<"$tmp/msrfs.pipe"
	if ! read -r _ <&7; then
		wait "$msrfs_pid"
		msrfs_pid=
		exec 7<&-
		msrfs_why=$(sed -n '1p' "$tmp/msrfs.err")
		return 1
	fi
	PFM_CPU_PATH=$msrfs_dir/cpu
	PFM_LOCK_DIR=$tmp/lock
	export PFM_CPU_PATH PFM_LOCK_DIR
}

# Unmount.  What the file system said is shown: it should have been nothing.
msrfs_stop()
{
	[ -n "$msrfs_pid" ] || return 0
	msrfs_status=0
	kill "$msrfs_pid" 2>/dev/null
	wait "$msrfs_pid" || msrfs_status=$?
	msrfs_pid=
	exec 7<&-
	if [ -s "$tmp/msrfs.err" ]; then
		diag "$(cat "$tmp/msrfs.err")"
		msrfs_status=1
	fi
	# If it crashed.
	if ! rmdir "$msrfs_dir" 2>/dev/null; then
		fusermount3 -u -z "$msrfs_dir" 2>/dev/null ||
			umount -l "$msrfs_dir" 2>/dev/null
	fi
	return "$msrfs_status"
}

# msrfs_ctl WORD...: a command; prints the answer, fails when it is an error.
msrfs_ctl()
{
	{
		printf '%s\n' "$*" >&9
		msrfs_answer=$(cat <&9)
	} 9<>"$msrfs_dir/ctl"
	printf '%s\n' "$msrfs_answer"
	case $msrfs_answer in
	ok*) ;;
	*) return 1 ;;
	esac
}

# msrfs_reg CPU REGISTER: its value, without an access.
msrfs_reg()
{
	awk -v "reg=$2" '$1 == reg { print $2 }' "$msrfs_dir/cpu/$1/regs"
}

# msrfs_stat CPU|total COLUMN: reads writes opens batches ops foreign-faults
msrfs_stat()
{
	awk -v "row=$1" -v "name=$2" '
		NR == 1 { for (i = 1; i <= NF; i++) if ($i == name) col = i }
		$1 == row { print $col }' "$msrfs_dir/stats"
}
