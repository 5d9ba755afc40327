// SPDX-License-Identifier: Apache-2.0
#include "query.hpp"

#include <fmt/core.h>

namespace nexmark {
namespace {

constexpr std::int64_t count = 1'000'000;

/// Waits for the delivery of each hundredth event, so that no more are under way.
weir::task<> send_events(weir::topic<std::int64_t, event> to, generator& from) {
    for (std::int64_t i = 1; i <= count; ++i) {
        const auto e = from.next();
        auto sent = to.send(key_of(e), e);
        if (i % 100 == 0) co_await sent;
    }
}

template <class T>
std::optional<T> only(const event& e) {
    if (const auto* one = std::get_if<T>(&e)) return *one;
    return {};
}

}  // namespace

std::optional<person> persons(const event& e) { return only<person>(e); }
std::optional<auction> auctions(const event& e) { return only<auction>(e); }
std::optional<bid> bids(const event& e) { return only<bid>(e); }

query::query(const std::string& name, const weir::app_options& o)
    : app("nexmark-" + name, o),
      events(app.topic<std::int64_t, event>("nexmark-events", {.partitions = 1}).time(time_of)) {}

int query::run(int argc, char** argv) {
    app.task([&] { return send_events(events, from_); });
    return app.main(argc, argv);
}

void query::print() const {
    fmt::print("{} events, check {:016x}\n", count, from_.check());
    fmt::print("{} results, checksum {:016x}\n", found.count(), found.sum());
}

}  // namespace nexmark
