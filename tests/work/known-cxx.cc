// SPDX-License-Identifier: MIT
//
// known-cxx.cc - known-cxx N M: page faults in functions that are inlined, in a
// template and in a method, each known by construction; as known.c prints them.

#include <cstdio>
#include <cstdlib>
#include <sys/mman.h>

static const size_t page_size = 65536;
#define ALONE __attribute__((noinline, noclone, used))
#define WITHIN inline __attribute__((always_inline))

namespace shop
{

// Inlined into its callers, and into that of these.
static WITHIN void touch(volatile char *page)
{
	*page = 1;
}

template <typename T> static WITHIN void each(volatile char *mem, T n)
{
	for (T i = 0; i < n; i++)
		touch(mem + static_cast<size_t>(i) * page_size);
}

class Basket
{
public:
	ALONE void fill(volatile char *mem, unsigned n)
	{
		each<unsigned>(mem, n);
		taken += n;
	}
	ALONE long fill(volatile char *mem, long n)
	{
		each<long>(mem, n);
		return taken += static_cast<unsigned>(n);
	}
	volatile unsigned taken = 0;
};

}

int main(int, char **argv)
{
	unsigned n = static_cast<unsigned>(std::atoi(argv[1]));
	unsigned m = static_cast<unsigned>(std::atoi(argv[2]));
	size_t size = (n + m + 1) * page_size;
	char *mem = static_cast<char *>(mmap(nullptr, size,
			PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0));
	shop::Basket basket;

	madvise(mem, size, MADV_NOHUGEPAGE);
	std::puts("start");
	basket.fill(mem, 0u);
	basket.fill(mem, 0l);
	basket.fill(mem, n);
	basket.fill(mem + n * page_size, static_cast<long>(m));
	return basket.taken != n + m;
}
