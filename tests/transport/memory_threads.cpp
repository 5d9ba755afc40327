// SPDX-License-Identifier: Apache-2.0
// Two members on two threads, each with its own loop that sleeps on its own fd.
#include <weir/transport/memory.hpp>

#include <doctest/doctest.h>
#include <poll.h>

#include <string>
#include <thread>

#include "conformance.hpp"

namespace weir::transport::conformance {
namespace {

constexpr int messages = 100'000;

/// Sleeps until there is news; false if there is none for so long that some wake-up was missed.
bool wait(const client& c) {
    pollfd p{c.to->fd(), POLLIN, 0};
    return ::poll(&p, 1, 20'000) == 1;
}

bool produce(std::shared_ptr<memory_broker> b) {
    client c{connect(std::move(b), "producer")};
    for (int i = 0; i < messages; ++i) {
        const auto n = std::to_string(i);
        while (!c.send("t", n, n)) {
            if (!c.turn() && !wait(c)) return false;  // no room: until a commit
        }
        if (i % 1000 == 0) c.turn();
    }
    c.turn();
    return c.delivered_.size() == messages;
}

bool consume(std::shared_ptr<memory_broker> b) {
    client c{connect(std::move(b), "g")};
    c.subscribe({{"t"}});
    std::map<topic_partition, offset> next;
    for (std::size_t seen = 0; c.got.size() < messages;) {
        if (!c.turn() && !wait(c)) return false;
        for (; seen < c.got.size(); ++seen) {
            auto& at = next[c.got[seen].tp];
            if (c.got[seen].offset != at++) return false;
        }
        for (const auto& [tp, at] : next) c.commit(tp, at);
    }
    return true;
}

}  // namespace

TEST_CASE("memory threads: 100,000 messages from one thread to another, with little room") {
    const auto b = std::make_shared<memory_broker>(memory_options{.retention_bytes = 256 << 10});
    b->create_topic({.name = "t", .partitions = 2});
    {
        client first{connect(b, "g")};  // from now on nothing is dropped that g has not committed
        first.subscribe({{"t"}});
    }
    bool produced = false, consumed = false;
    std::thread from{[&] { produced = produce(b); }}, to{[&] { consumed = consume(b); }};
    from.join();
    to.join();
    CHECK(produced);
    CHECK(consumed);
}

TEST_CASE("memory threads: partitions come back from members that come and go elsewhere") {
    const auto b = std::make_shared<memory_broker>();
    b->create_topic({.name = "t", .partitions = 4});
    bool consumed = false;
    std::thread guest{[&] {
        for (int i = 0; i < 200; ++i) {
            client c{connect(b, "g")};
            c.reads = false;
            c.subscribe({{"t"}});
            for (int n = 0; n < 3; ++n) c.turn();
            c.send("t", std::to_string(i), "from a guest");
        }
        client last{connect(b, "guests")};
        last.send("t", {}, "end", 0);
    }};
    std::thread host{[&] {
        client c{connect(b, "g")};
        c.subscribe({{"t"}});
        std::size_t seen = 0;
        while (!consumed) {
            if (!c.turn() && !wait(c)) return;
            for (; seen < c.got.size(); ++seen) consumed |= c.got[seen].value.view() == "end";
        }
    }};
    guest.join();
    host.join();
    CHECK(consumed);
}

}  // namespace weir::transport::conformance
