// SPDX-License-Identifier: Apache-2.0
// Topics that others write in transactions: their markers are offsets without a message.
#include <doctest/doctest.h>

#include <atomic>

#include "running.hpp"

using namespace tests;
using namespace std::chrono_literals;

namespace {

constexpr int patience_ms = 60'000;  // a fresh broker makes the transactions' topic first

void good(rd_kafka_error_t* e) {
    const std::string why = e ? rd_kafka_error_string(e) : "";
    if (e) rd_kafka_error_destroy(e);
    REQUIRE(why == "");
}

/// A producer of somebody else's.
class transactional {
public:
    transactional() {
        auto* conf = rd_kafka_conf_new();
        char text[512];
        for (auto& [name, value] : weir::properties{{"bootstrap.servers", servers()},
                                                    {"transactional.id", fresh("transactions")}})
            REQUIRE(rd_kafka_conf_set(conf, name.c_str(), value.c_str(), text, sizeof text) ==
                    RD_KAFKA_CONF_OK);
        rk_ = rd_kafka_new(RD_KAFKA_PRODUCER, conf, text, sizeof text);
        REQUIRE(rk_);
        good(rd_kafka_init_transactions(rk_, patience_ms));
    }
    transactional(const transactional&) = delete;
    transactional& operator=(const transactional&) = delete;
    ~transactional() { rd_kafka_destroy(rk_); }

    void begin(const std::string& topic, int n) {
        good(rd_kafka_begin_transaction(rk_));
        for (int i = 0; i < n; ++i) {
            rd_kafka_vu_t what[3] = {};
            what[0].vtype = RD_KAFKA_VTYPE_TOPIC;
            what[0].u.cstr = topic.c_str();
            what[1].vtype = RD_KAFKA_VTYPE_MSGFLAGS;
            what[1].u.i = RD_KAFKA_MSG_F_COPY;
            what[2].vtype = RD_KAFKA_VTYPE_VALUE;
            what[2].u.mem = {const_cast<char*>("x"), 1};
            good(rd_kafka_produceva(rk_, what, 3));
        }
        REQUIRE(rd_kafka_flush(rk_, patience_ms) == RD_KAFKA_RESP_ERR_NO_ERROR);
    }
    void commit() { good(rd_kafka_commit_transaction(rk_, patience_ms)); }
    void abort() { good(rd_kafka_abort_transaction(rk_, patience_ms)); }

private:
    rd_kafka_t* rk_;
};

using offsets = std::vector<weir::offset>;

}  // namespace

TEST_CASE("kafka: a topic that is written in transactions has no lag when all of it is done") {
    admin on;
    noted seen;
    const auto in = fresh("in"), id = fresh("app");
    on.create(in, 1);
    transactional from;
    from.begin(in, 10);
    from.commit();
    auto o = on_kafka(seen);
    o.commit_interval = 100ms;
    weir::app app{id, o};
    app.agent("a", app.topic<std::string>(in) | weir::for_each([&](auto& v) { seen.add(v); }));
    std::atomic<weir::offset> lag = -1;
    app.timer(20ms, [&] { lag = app.counters().lag; });
    running r{app};
    CHECK(until([&] { return seen.size() == 10; }));
    CHECK(until([&] { return on.committed(id, in) == offsets{11}; }));
    CHECK(until([&] { return lag == 0; }));

    from.begin(in, 500);  // nobody reads what is aborted
    from.abort();
    REQUIRE(until([&] { return on.ends(in) == offsets{512}; }));  // its marker comes later
    CHECK(until([&] { return on.committed(id, in) == offsets{512}; }));
    CHECK(until([&] { return lag == 0; }));

    from.begin(in, 5);  // what is not finished is waited for
    on.send(in, "k", "behind it", 0);
    on.flush();
    CHECK(until([&] { return lag > 0; }));
    CHECK(seen.size() == 10);
    from.commit();
    CHECK(until([&] { return seen.size() == 16; }));
    CHECK(until([&] { return on.committed(id, in) == offsets{519}; }));
    CHECK(r.stop() == "");
    CHECK(on.ends(in) == offsets{519});
}

TEST_CASE("kafka: a marker that comes when nothing is read any more is committed by the next run") {
    admin on;
    noted seen;
    const auto in = fresh("in"), id = fresh("app");
    on.create(in, 1);
    on.fill(in, 3);
    transactional from;
    for (int run = 0; run < 2; ++run) {
        auto o = on_kafka(seen);
        o.commit_interval = 100ms;
        weir::app app{id, o};
        app.agent("a", app.topic<std::string>(in) | weir::for_each([&](auto& v) { seen.add(v); }));
        running r{app};
        CHECK(until([&] { return on.committed(id, in) == on.ends(in); }));
        CHECK(r.stop() == "");
        if (run > 0) continue;
        from.begin(in, 20);
        from.abort();
        REQUIRE(until([&] { return on.ends(in) == offsets{24}; }));
    }
    CHECK(seen.size() == 3);
    CHECK(on.committed(id, in) == offsets{24});
}
