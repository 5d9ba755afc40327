// SPDX-License-Identifier: Apache-2.0
// An app that runs on a thread of its own, so that a test can look at the broker meanwhile.
#pragma once
#include <algorithm>
#include <cstddef>
#include <exception>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <weir/weir.hpp>

#include "broker.hpp"

namespace tests {

/// What bodies and hooks note, on the loops' threads, for the test's.
class noted final : public weir::hooks {
public:
    void add(std::string s) {
        std::lock_guard lock{mutex_};
        all_.push_back(std::move(s));
    }
    void log(std::string_view line) override {
        std::lock_guard lock{mutex_};
        lines_.emplace_back(line);
    }
    void lost_offsets(const weir::topic_partition& tp, weir::offset from,
                      weir::offset to) override {
        std::lock_guard lock{mutex_};
        lost_.push_back(tp.topic + ' ' + std::to_string(from) + ' ' + std::to_string(to));
    }
    /// "topic from to" of each call.
    std::vector<std::string> lost() const {
        std::lock_guard lock{mutex_};
        return lost_;
    }
    std::vector<std::string> all() const {
        std::lock_guard lock{mutex_};
        return all_;
    }
    std::size_t size() const { return all().size(); }
    /// Whether a line of the log contains this.
    bool said(const std::string& part) const { return times_said(part) > 0; }
    /// How many lines of the log contain this.
    std::ptrdiff_t times_said(const std::string& part) const {
        std::lock_guard lock{mutex_};
        return std::count_if(lines_.begin(), lines_.end(),
                             [&](auto& l) { return l.find(part) != l.npos; });
    }

private:
    mutable std::mutex mutex_;
    std::vector<std::string> all_, lines_, lost_;
};

/// Runs the app from its making until it is stopped.
class running {
public:
    explicit running(weir::app& a)
        : app_(a), thread_([this] {
              try {
                  app_.run();
              } catch (const std::exception& e) { error_ = e.what(); }
          }) {}
    ~running() { stop(); }
    /// What run() threw; empty if nothing.
    std::string stop() {
        app_.stop();
        if (thread_.joinable()) thread_.join();
        return error_;
    }
    /// It ends by itself.
    std::string end() {
        thread_.join();
        return error_;
    }

private:
    weir::app& app_;
    std::string error_;
    std::thread thread_;
};

inline weir::app_options on_kafka(weir::hooks& hooks) {
    weir::app_options o;
    o.broker = url();
    o.kafka = quick_group();
    o.hooks = &hooks;
    return o;
}

}  // namespace tests
