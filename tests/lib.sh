# SPDX-License-Identifier: MIT
# shellcheck shell=sh
#
# lib.sh - the Test Anything Protocol for the shell tests, and where things
# are.  A test begins with:  . "${srcdir:-.}/tests/lib.sh"  and ends with
# done_testing.  It runs from the top of the build tree.

# What "make check &" of a shell without job control starts ignores SIGINT, and
# a shell cannot undo that: begin again without.
case $(sed -n 's/^SigIgn:.*\(.\)$/\1/p' /proc/self/status) in
[2367abef])
	env --default-signal=INT true 2>/dev/null &&
		exec env --default-signal=INT "$(readlink /proc/$$/exe)" "$0"
	echo "1..0 # SKIP SIGINT is ignored, and env(1) cannot reset it"
	exit 0
	;;
esac

# The build tree's absolute path, the source tree's, and what is tested.  The
# binary itself is run, not libtool's script, which would set
# LD_LIBRARY_PATH for the measured command.
top=$(pwd)
src=$(cd "${srcdir:-.}" && pwd)
pfmon=$top/.libs/pfmon
work=$top/tests/work
export top src pfmon work
LC_ALL=C
export LC_ALL
unset PFM_BACKEND PFM_DEBUG DEBUGINFOD_URLS

# A directory of the test's own, gone at its end.
tmp=$(mktemp -d "${TMPDIR:-/tmp}/pfmon-test.XXXXXX") || exit 99
trap 'rm -rf "$tmp"' EXIT
trap 'exit 1' HUP INT TERM

tap_count=0

# diag TEXT: remarks for people, of one line or many.
diag()
{
	printf '%s\n' "$*" | sed 's/^/# /'
}

# tap PASS NAME: one check; PASS is 0 when it passed.
tap()
{
	tap_count=$((tap_count + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $tap_count - $2"
	else
		echo "not ok $tap_count - $2"
	fi
	return "$1"
}

# ok NAME COMMAND...: the command must succeed; else its output is shown.
ok()
{
	tap_name=$1
	shift
	if "$@" >"$tmp/ok.out" 2>&1; then
		tap 0 "$tap_name"
	else
		tap_status=$?
		tap 1 "$tap_name"
		diag "status $tap_status from: $*"
		[ ! -s "$tmp/ok.out" ] || diag "$(cat "$tmp/ok.out")"
		return 1
	fi
}

# is NAME GOT WANT: two strings must be the same.
is()
{
	if [ "$2" = "$3" ]; then
		tap 0 "$1"
	else
		tap 1 "$1"
		diag "got:      $2"
		diag "expected: $3"
		return 1
	fi
}

# like NAME GOT REGEX: a line of GOT must match the extended expression.
like()
{
	if printf '%s\n' "$2" | grep -Eq -e "$3"; then
		tap 0 "$1"
	else
		tap 1 "$1"
		diag "got:      $2"
		diag "expected: $3"
		return 1
	fi
}

# unlike NAME GOT REGEX: and here none may.
unlike()
{
	if printf '%s\n' "$2" | grep -Eq -e "$3"; then
		tap 1 "$1"
		diag "got:      $2"
		diag "not expected: $3"
		return 1
	else
		tap 0 "$1"
	fi
}

# run COMMAND...: leaves $out, $err and $status.
# shellcheck disable=SC2034
run()
{
	status=0
	"$@" >"$tmp/run.out" 2>"$tmp/run.err" || status=$?
	out=$(cat "$tmp/run.out")
	err=$(cat "$tmp/run.err")
}

# skip NAME REASON: one check that cannot be made here.
skip()
{
	tap_count=$((tap_count + 1))
	echo "ok $tap_count - $1 # SKIP $2"
}

# skip_all REASON: none can; ends the test.
skip_all()
{
	echo "1..0 # SKIP $1"
	exit 0
}

# have TOOL: is it installed?
have()
{
	command -v "$1" >/dev/null 2>&1
}

done_testing()
{
	echo "1..$tap_count"
}
