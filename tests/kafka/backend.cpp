// SPDX-License-Identifier: Apache-2.0
// A real broker for the suite of all transports.
#include <doctest/doctest.h>
#include <poll.h>

#include <chrono>
#include <transport/kafka/kafka.hpp>
#include <vector>

#include "../transport/conformance.hpp"
#include "broker.hpp"

namespace weir::transport::conformance {
namespace {

// For one thing to happen: a group's first join on a loaded machine takes seconds.
constexpr auto patience = std::chrono::seconds{60};

class kafka_backend final : public backend {
public:
    kafka_backend() { tests::broker("start"); }  // a case that has died may have left it killed
    std::string name() const override { return "kafka"; }
    std::unique_ptr<transport> connect(const std::string& group) override {
        return kafka::connect({.servers = tests::servers(), .group = group});
    }
    std::string fresh(const std::string& stem) override { return tests::fresh(stem); }
    bool wait(std::span<transport* const> all) override {
        if (std::chrono::steady_clock::now() > until_) return false;
        std::vector<pollfd> fds;
        for (auto* t : all) fds.push_back({t->fd(), POLLIN, 0});
        ::poll(fds.data(), fds.size(), 1000);
        return true;
    }

private:
    const std::chrono::steady_clock::time_point until_ =
        std::chrono::steady_clock::now() + patience;  // one backend a case
};

}  // namespace

std::vector<std::unique_ptr<backend>> backends() {
    std::vector<std::unique_ptr<backend>> all;
    all.push_back(std::make_unique<kafka_backend>());
    return all;
}

}  // namespace weir::transport::conformance
