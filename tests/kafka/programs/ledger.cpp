// SPDX-License-Identifier: Apache-2.0
// What the ledger's test starts, kills and stops as a process: entries are filtered, keyed by their
// account, and sent on.
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <functional>
#include <string>

#include <weir/weir.hpp>

using namespace std::chrono_literals;

struct entry {
    std::string account;
    std::int64_t n;
};

int main(int argc, char** argv) {
    ::alarm(300);  // in place of its parent's: several runs of a group take their time
    const std::string id = std::getenv("LEDGER_ID");
    const auto* stop = std::getenv("LEDGER_STOP_SECONDS");
    const auto* commit = std::getenv("LEDGER_COMMIT_SECONDS");
    weir::app app{id,
                  {.commit_interval = commit ? std::chrono::seconds{std::atoi(commit)} : 200ms,
                   .purge_internal = false,  // all of it is looked at in the end
                   .shutdown_timeout = std::chrono::seconds{stop ? std::atoi(stop) : 30},
                   .kafka = {{"session.timeout.ms", "3000"}, {"heartbeat.interval.ms", "300"}}}};
    auto in = app.topic<entry>(id + "-in");
    auto out = app.topic<std::string, entry>(id + "-out");
    app.agent("ledger", in                                                         //
                            | weir::filter([](auto& e) { return e.n % 10 != 0; })  //
                            | weir::group_by(&entry::account)                      //
                            | weir::take(50, 200ms)                                //
                            | weir::flat_map(std::identity{})                      //
                            | weir::to(out));
    return app.main(argc, argv);
}
