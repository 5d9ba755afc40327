// SPDX-License-Identifier: Apache-2.0
// Cases that end in every way there is. tests/watched/check.py looks how tests/main.cpp counts
// them.
#include <doctest/doctest.h>
#include <unistd.h>

#include <cstdlib>

TEST_CASE("the first passes") { CHECK(1 + 1 == 2); }
TEST_CASE("this one hangs") {
    for (;;) pause();
}
TEST_CASE("a case behind a hanging one passes") { CHECK(1 + 1 == 2); }
TEST_CASE("this one fails") { CHECK(1 + 1 == 3); }
TEST_CASE("this one crashes") { std::abort(); }
TEST_CASE("this one exits") { std::exit(0); }
TEST_CASE("this one hangs in a subcase") {
    SUBCASE("passes") { CHECK(1 + 1 == 2); }
    SUBCASE("hangs") {
        for (;;) pause();
    }
}
TEST_CASE("the last passes") { CHECK(1 + 1 == 2); }
TEST_CASE("this one is not asked for" * doctest::skip()) { CHECK(false); }
