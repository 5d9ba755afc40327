// SPDX-License-Identifier: Apache-2.0
// A message with any key, value and headers, also headers that dead letters have themselves: what
// cannot be decoded becomes a dead letter with everything it came with, then what was wrong. One
// that is sent back as it is becomes a dead letter again.
#include <charconv>

#include <weir/testing/test_driver.hpp>
#include <weir/weir.hpp>

#include "fuzz.hpp"

namespace {

struct quiet final : weir::hooks {
    void failed(const weir::error_report&) override {}
};
struct order {
    std::string account;
    double price = 0;
};

/// Fields: key, value, then name and value of each header; an empty key or value is null.
struct given {
    weir::bytes key, value;
    weir::headers headers;
    explicit given(std::string_view all) {
        auto part = fuzz::split(all, '\0');
        part.resize(std::max<std::size_t>(part.size(), 2));
        if (!part[0].empty()) key = weir::bytes{part[0]};
        if (!part[1].empty()) value = weir::bytes{part[1]};
        for (std::size_t i = 2; i < part.size(); i += 2) {
            headers.push_back({part[i], {}});
            if (i + 1 < part.size()) headers.back().value = weir::bytes{part[i + 1]};
        }
    }
};
/// What a header says as a number, read as those who send dead letters back do.
std::int64_t number(const weir::header& h) {
    const auto text = h.value ? h.value->view() : std::string_view{};
    std::int64_t n = -1;
    const auto [end, bad] = std::from_chars(text.data(), text.data() + text.size(), n);
    fuzz::require(bad == std::errc{} && end == text.data() + text.size(), "a number is written");
    return n;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const given g{fuzz::text(data, size)};
    quiet hooks;
    weir::app app{"a", {.hooks = &hooks}};
    auto in = app.topic<std::string, order>("in", {.on_decode_error = weir::dead_letter("dead")});
    std::size_t good = 0;
    app.agent("x", in | weir::for_each([&](const order&) { ++good; }));
    weir::testing::test_driver test{app};
    const auto dead = test.peek<weir::bytes, weir::bytes>("dead");
    auto headers = g.headers;
    for (std::size_t times = 1; times <= 2; ++times) {
        test.send_raw("in", g.key, g.value, {.headers = headers});
        const auto letters = test.events(dead);
        fuzz::require(letters.size() + good == times, "a message is processed or a dead letter");
        if (letters.empty()) return 0;
        const auto& l = letters.back();
        fuzz::require(l.raw_key() == weir::bytes_view{g.key}, "its key is kept");
        fuzz::require(l.raw_value() == weir::bytes_view{g.value}, "its value is kept");
        const auto& h = l.headers();
        fuzz::require(h.size() == headers.size() + 6, "six headers are added");
        for (std::size_t i = 0; i < headers.size(); ++i)
            fuzz::require(h[i] == headers[i], "its own headers come first");
        const auto* cause = h.data() + headers.size();
        fuzz::require(cause[0].value == weir::bytes{"in"}, "its topic is named");
        fuzz::require(number(cause[1]) == 0, "its partition is named");
        fuzz::require(number(cause[2]) == static_cast<std::int64_t>(times - 1), "its offset, too");
        fuzz::require(cause[5].value && !cause[5].value->view().empty(), "the reason is given");
        headers = h;
    }
    return 0;
}
