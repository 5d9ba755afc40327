// SPDX-License-Identifier: Apache-2.0
// Between two samples: the next one finds no topic.
#include <doctest/doctest.h>

#include "../broker.hpp"

TEST_CASE("clear: the broker's topics are removed, but its own") {
    tests::admin on;
    for (auto& topic : on.topics())
        if (!topic.starts_with("__")) on.remove(topic);
}
