// SPDX-License-Identifier: Apache-2.0
#include <weir/transport/topic_name.hpp>

#include <doctest/doctest.h>

#include <string>

#include <weir/error.hpp>

using weir::transport::check_topic_name;

TEST_CASE("topic names: letters, digits, dot, underscore and minus are taken") {
    for (auto* name : {"orders", "A-z_0.9", "...", ".a", "-", "_"}) {
        CAPTURE(name);
        CHECK_NOTHROW(check_topic_name(name));
    }
    CHECK_NOTHROW(check_topic_name(std::string(249, 'x')));
}

TEST_CASE("topic names: empty, too long, dots alone and other characters are refused") {
    for (auto* name : {"", ".", "..", "a b", "a/b", "a:b",
                       "gr\xc3\xbc\xc3\x9f"
                       "e",
                       "a\n"}) {
        CAPTURE(name);
        CHECK_THROWS_AS(check_topic_name(name), weir::setup_error);
    }
    CHECK_THROWS_AS(check_topic_name(std::string(250, 'x')), weir::setup_error);
    CHECK_THROWS_AS(check_topic_name(std::string_view{"a\0b", 3}), weir::setup_error);
}

TEST_CASE("topic names: the sentence names the topic and the allowed characters") {
    CHECK_THROWS_WITH(check_topic_name("my topic"),
                      "\"my topic\" cannot be a topic's name: it must be 1 to 249 of the "
                      "characters a-z A-Z 0-9 . _ - and neither \".\" nor \"..\"");
}
