// SPDX-License-Identifier: Apache-2.0
// How the loop is woken.
#include "conductor/wakeup.hpp"

#include <doctest/doctest.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <filesystem>
#include <set>
#include <string>

namespace {

std::set<int> eventfds() {
    std::set<int> found;
    for (auto& entry : std::filesystem::directory_iterator{"/proc/self/fd"}) {
        std::error_code gone;  // the iterator's own descriptor, say
        const auto target = std::filesystem::read_symlink(entry.path(), gone).string();
        if (target.find("[eventfd]") != target.npos)
            found.insert(std::stoi(entry.path().filename().string()));
    }
    return found;
}

}  // namespace

TEST_CASE("wake keeps errno, also where its write fails: it runs in signal handlers") {
    const auto before = eventfds();
    weir::detail::wakeup loop;
    int event = -1;
    for (int fd : eventfds())
        if (!before.contains(fd)) event = fd;
    REQUIRE(event >= 0);
    const std::uint64_t largest = ~std::uint64_t{1};
    REQUIRE(::write(event, &largest, sizeof largest) == sizeof largest);  // no room for one more
    errno = EDOM;
    loop.wake();
    const int after = errno;
    CHECK(after == EDOM);
}
