// SPDX-License-Identifier: Apache-2.0
#include "run.hpp"

#include <signal.h>
#include <stdlib.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <set>
#include <stdexcept>
#include <thread>

#include "group_log.hpp"
#include "names.hpp"

namespace tests::torture {
namespace {

using namespace std::chrono_literals;

constexpr auto longest_finish = 300s, longest_end = 45s;
constexpr int patience_ms = 300'000;
constexpr int fields = 89;  // of group_by
constexpr std::size_t details_shown = 20, lines_shown = 15;

std::string environment(const char* name) {
    const auto* v = std::getenv(name);
    return v ? v : "";
}

std::string message(std::int64_t id) {
    return "{\"id\":" + std::to_string(id) + ",\"key\":\"g" + std::to_string(id % fields) +
           "\",\"by\":\"\"}";
}

std::string seconds(milliseconds t) {
    return std::to_string(t / 1000) + '.' + std::to_string(t % 1000 / 100) + " s";
}

std::string printed(const fact& f, std::size_t most) {
    auto text = (f.holds ? "PASS " : "FAIL ") + f.says + '\n';
    for (std::size_t i = 0; i < std::min(most, f.details.size()); ++i)
        text += "    " + f.details[i] + '\n';
    if (f.details.size() > most)
        text += "    and " + std::to_string(f.details.size() - most) + " more, in ledger.txt\n";
    return text;
}

}  // namespace

// ----------------------------------------------------------------------------------------- feeder

feeder::feeder(std::vector<plan::input> to) : to_(std::move(to)) {
    auto* conf = rd_kafka_conf_new();
    const auto server = servers();
    for (auto [name, value] :
         {std::pair<const char*, const char*>{"bootstrap.servers", server.c_str()},
          {"enable.idempotence", "true"},
          {"partitioner", "murmur2_random"},
          {"linger.ms", "5"},
          {"reconnect.backoff.max.ms", "500"},
          {"log_level", "0"},
          {"queue.buffering.max.messages", "1000000"}})
        rd_kafka_conf_set(conf, name, value, nullptr, 0);
    char text[512];
    rk_ = rd_kafka_new(RD_KAFKA_PRODUCER, conf, text, sizeof text);
    if (!rk_) throw std::runtime_error{text};
}
feeder::~feeder() { rd_kafka_destroy(rk_); }

void feeder::feed(std::int64_t upto) {
    while (next_ < upto && send_next()) ++next_;
    rd_kafka_poll(rk_, 0);
}
/// To each input that has the next id. Whether there was room.
bool feeder::send_next() {
    for (; in_ < to_.size(); ++in_)
        if (to_[in_].has(next_) && !send(to_[in_])) return false;
    in_ = 0;
    return true;
}
bool feeder::send(const plan::input& to) {
    const auto key = to.key(next_), value = message(next_);
    rd_kafka_vu_t what[4] = {};  // the macros of rd_kafka_producev are GNU's
    what[0].vtype = RD_KAFKA_VTYPE_TOPIC;
    what[0].u.cstr = to.topic.c_str();
    what[1].vtype = RD_KAFKA_VTYPE_MSGFLAGS;
    what[1].u.i = RD_KAFKA_MSG_F_COPY;
    what[2].vtype = RD_KAFKA_VTYPE_KEY;
    what[2].u.mem = {const_cast<char*>(key.data()), key.size()};
    what[3].vtype = RD_KAFKA_VTYPE_VALUE;
    what[3].u.mem = {const_cast<char*>(value.data()), value.size()};
    auto* e = rd_kafka_produceva(rk_, what, 4);
    if (e) rd_kafka_error_destroy(e);
    else ++sent_;
    return e == nullptr;
}

void feeder::flush() {
    if (rd_kafka_flush(rk_, patience_ms) != RD_KAFKA_RESP_ERR_NO_ERROR)
        throw std::runtime_error{"the input does not arrive at the broker"};
}

// -------------------------------------------------------------------------------------------- run

run::run(const options& o) : o_(o), id_(fresh("torture-" + std::to_string(o.seed))) {
    auto p = plan_of(o.pipeline, id_);
    if (!p) throw std::runtime_error{"there is no pipeline " + o.pipeline};
    plan_ = *std::move(p);
    schedule_ = make_schedule(o.seed, o.length);
    auto name = std::filesystem::temp_directory_path().string() + "/weir-torture-XXXXXX";
    if (!::mkdtemp(name.data())) throw std::runtime_error{"no directory can be made: " + name};
    folder_ = name;
}

milliseconds run::now() const {
    return std::chrono::duration_cast<std::chrono::milliseconds>(
               std::chrono::system_clock::now().time_since_epoch())
        .count();
}

/// The broker says when it has appended a message, so that the ledger can compare with commits.
void run::create_topics() {
    for (auto& t : plan_.topics)
        on_.create(t.name, t.partitions,
                   {{"message.timestamp.type", "LogAppendTime"}, {"retention.ms", "-1"}});
}

bool run::go() {
    std::printf("torture: seed %llu, pipeline %s, %.1f s, in %s\n",
                static_cast<unsigned long long>(o_.seed), o_.pipeline.c_str(),
                static_cast<double>(o_.length.count()) / 1000, folder_.c_str());
    std::fflush(stdout);
    bool holds = false;
    try {
        holds = judge(work());
    } catch (const std::exception& e) { std::printf("FAIL torture: %s\n", e.what()); }
    std::printf("torture: %lld messages, %zu faults, %.1f s\n",
                static_cast<long long>(feeder_ ? feeder_->sent() : 0), faults_.size(),
                static_cast<double>(now() - began_) / 1000);
    if (!holds) print_failure();
    else if (o_.keep) write_topics();
    else std::filesystem::remove_all(folder_);
    return holds;
}

evidence run::work() {
    began_ = now();
    create_topics();
    feeder_ = std::make_unique<feeder>(plan_.inputs);
    for (int w = 0; w < workers_at_first; ++w) start(w);
    cause_faults();
    const auto caused = now();
    finish_work();
    const auto finished = now();
    end_workers();
    auto all = read_back();
    std::printf("torture: faults for %s, work finished after %s more, ended and read after %s\n",
                seconds(caused - began_).c_str(), seconds(finished - caused).c_str(),
                seconds(now() - finished).c_str());
    return all;
}

bool run::judge(const evidence& all) {
    auto facts = check(all);
    facts.insert(facts.begin(), {finished_, ends_});
    std::ofstream ledger{folder_ + "/ledger.txt"};
    for (auto& f : facts) {
        std::fputs(printed(f, details_shown).c_str(), stdout);
        ledger << printed(f, f.details.size());
    }
    return std::all_of(facts.begin(), facts.end(), [](auto& f) { return f.holds; });
}

/// The schedule waits while a broker is being started or killed.
void run::cause_faults() {
    const auto begin = clock::now();
    auto waited = 0ms;
    auto next = schedule_.begin();
    while (clock::now() - begin < o_.length + waited || next != schedule_.end()) {
        const auto tick = clock::now();
        const auto since = std::chrono::duration_cast<std::chrono::milliseconds>(tick - begin);
        if (since < o_.length + waited)
            feeder_->feed((since.count() - waited.count()) * o_.rate / 1000);
        const bool is_due = next != schedule_.end() && next->at + waited <= since;
        if (is_due && next->worker < 0 && script_runs()) {
            std::this_thread::sleep_for(10ms);
            waited += std::chrono::duration_cast<std::chrono::milliseconds>(clock::now() - tick);
            continue;
        }
        script_runs();
        if (is_due) perform(*next++);
        look_at_workers();
        std::this_thread::sleep_for(5ms);  // between two looks
    }
}

void run::perform(const step& s) {
    auto planned = s;
    planned.at = std::chrono::milliseconds{now() - began_};
    done_.push_back(text(planned));
    if (s.what == action::kill_broker) {
        broker_up_ = false;
        fault_begins("the broker", "was killed");
        return start_script("kill");
    }
    if (s.what == action::start_broker) return start_script("start");
    if (s.what == action::start) return start(s.worker);
    auto& w = workers_.at(static_cast<std::size_t>(s.worker));
    if (!w.process || !w.process->runs())
        return;  // it has ended by itself: look_at_workers says it
    switch (s.what) {
        case action::kill:
            fault_begins(w.name, "was killed");
            w.process->signal(SIGKILL);
            while (w.process->runs()) std::this_thread::yield();
            w.process = nullptr;
            break;
        case action::stop:
            fault_begins(w.name, "was stopped");
            w.process->signal(SIGSTOP);
            break;
        case action::go_on:
            w.process->signal(SIGCONT);
            fault_ends(w.name);
            break;
        default: w.asked_to_end = now(); w.process->signal(SIGTERM);
    }
}

void run::start(int which) {
    auto& w = workers_.at(static_cast<std::size_t>(which));
    while (w.process && w.process->runs()) {  // it was told to end, and takes its time
        if (now() - w.asked_to_end > std::chrono::milliseconds{longest_end}.count()) return;
        std::this_thread::sleep_for(10ms);
    }
    if (w.process) ended(w);
    w.name = 'w' + std::to_string(which) + '.' + std::to_string(w.runs++);
    w.asked_to_end = 0;
    // One that has left leaves snapshots, and reads them when it is back.
    w.process = std::make_unique<child>(
        std::vector<std::string>{WEIR_TORTURE_PROGRAM, "--state-dir", folder_ + "/state-" + w.name},
        child::environment{{"TORTURE_ID", id_},
                           {"TORTURE_WORKER", w.name},
                           {"TORTURE_PIPELINE", o_.pipeline},
                           {"WEIR_BROKER", url()}},
        log_of(w.name));
}

void run::fault_begins(const std::string& who, const std::string& what) {
    faults_.push_back({who, what, now(), now()});
}
void run::fault_ends(const std::string& who) {
    const auto last =
        std::find_if(faults_.rbegin(), faults_.rend(), [&](auto& f) { return f.who == who; });
    if (last != faults_.rend()) last->to = now();
}

void run::start_script(const char* command) {
    script_ = std::make_unique<child>(
        std::vector<std::string>{environment("WEIR_TEST_KAFKA_SCRIPT"), command},
        child::environment{}, log_of("script"));
    broker_up_ = std::string{command} == "start";
}
/// A broker that was started listens now.
bool run::script_runs() {
    if (!script_) return false;
    if (script_->runs()) return true;
    if (script_->code() != 0) throw std::runtime_error{"the broker does not start"};
    script_ = nullptr;
    if (broker_up_) fault_ends("the broker");
    return false;
}

void run::look_at_workers() {
    for (auto& w : workers_)
        if (w.process && !w.process->runs()) ended(w);
}

/// One that was told to end may say that it could not commit, if there was no broker meanwhile.
void run::ended(worker& w) {
    const auto to = now();
    const bool without_broker = std::any_of(faults_.begin(), faults_.end(), [&](auto& f) {
        return f.who == "the broker" && f.from <= to &&
               (!broker_up_ || f.to + 10'000 >= w.asked_to_end);
    });
    const int code = w.process->code();
    if (w.asked_to_end == 0 || (code != 0 && !without_broker)) {
        ends_.holds = false;
        ends_.details.push_back(
            w.name + " has ended with " + std::to_string(code) + " at " +
            std::to_string((to - began_) / 1000) + " s, asked at " +
            std::to_string(w.asked_to_end ? (w.asked_to_end - began_) / 1000 : -1));
    } else if (code != 0) {
        ends_.details.push_back(w.name + " could not commit, since the broker was down");
    }
    w.process = nullptr;
}

void run::finish_work() {
    while (script_runs()) std::this_thread::sleep_for(10ms);
    feeder_->flush();
    std::set<std::string> read;
    for (auto& i : plan_.inputs) read.insert(i.topic);
    for (auto& h : plan_.hops) read.insert(h.from);
    for (auto& t : plan_.tables) read.insert(t.reads.begin(), t.reads.end());
    bool nobody = false;
    std::string open;
    const auto is_done = [&](const std::string& topic) {
        const auto committed = on_.committed(id_, topic), ends = on_.ends(topic);
        for (std::size_t p = 0; p < ends.size(); ++p)
            if (ends[p] > 0 && (p >= committed.size() || committed[p] != ends[p])) {
                open = topic + '[' + std::to_string(p) + ']';
                return false;
            }
        return true;
    };
    until(
        [&] {
            look_at_workers();
            open.clear();
            nobody = std::none_of(workers_.begin(), workers_.end(),
                                  [](auto& w) { return w.process != nullptr; });
            return nobody || std::all_of(read.begin(), read.end(), is_done);
        },
        longest_finish);
    if (!nobody && open.empty()) return;
    finished_.holds = false;
    finished_.details.push_back(nobody ? "no worker runs any more"
                                       : open + " is not committed to its end after " +
                                             std::to_string(longest_finish.count()) + " s");
}

void run::end_workers() {
    for (auto& w : workers_) {
        if (!w.process || w.asked_to_end != 0) continue;
        w.asked_to_end = now();
        w.process->signal(SIGTERM);
    }
    const bool all = until(
        [&] {
            look_at_workers();
            return std::none_of(workers_.begin(), workers_.end(),
                                [](auto& w) { return w.process != nullptr; });
        },
        longest_end);
    if (all) return;
    for (auto& w : workers_) {
        if (!w.process) continue;
        ends_.holds = false;
        ends_.details.push_back(w.name + " does not end");
        w.process = nullptr;
    }
}

evidence run::read_back() {
    evidence all;
    all.began = began_;
    all.prefix = id_ + '-';
    all.hops = plan_.hops;
    all.tables = plan_.tables;
    all.table_joins = plan_.table_joins;
    all.stream_joins = plan_.stream_joins;
    all.faults = faults_;
    for (auto& t : plan_.topics) {
        all.topics[t.name].ends.resize(static_cast<std::size_t>(t.partitions));
        read_topic(servers(), t.name, [&](const record& r) { all.add(t.name, r); });
    }
    all.finish();
    for (auto& t : plan_.tables)
        read_topic(servers(), t.changelog,
                   [&](const record& r) { all.changelogs[t.changelog].add(r); });
    all.group = read_group_log(servers(), id_);
    return all;
}

void run::print_failure() {
    std::printf("\nIt failed with --seed %llu --pipeline %s. What was done:\n",
                static_cast<unsigned long long>(o_.seed), o_.pipeline.c_str());
    for (auto& line : done_) std::printf("    %s\n", line.c_str());
    for (auto& w : workers_)
        if (w.runs > 0)
            std::printf("\nThe last lines of %s:\n%s", w.name.c_str(),
                        tail(log_of(w.name), lines_shown).c_str());
    const auto broker_log = environment("WEIR_KAFKA_DIR") + "/broker.log";
    std::printf("\nThe broker's last lines:\n%s", tail(broker_log, lines_shown).c_str());
    std::error_code ignored;
    std::filesystem::copy(broker_log, folder_ + "/broker.log", ignored);
    std::printf("\nAll logs, and the topics as text, are in %s\n", folder_.c_str());
    try {
        write_topics();
    } catch (const std::exception& e) { std::printf("The topics are not: %s\n", e.what()); }
}

void run::write_topics() {
    for (auto& t : plan_.topics) {
        std::ofstream to{folder_ + '/' + t.name + ".txt"};
        read_topic(servers(), t.name, [&](const record& r) {
            to << r.partition << ' ' << r.offset << ' ' << r.time - began_ << ' '
               << r.key.value_or("null") << ' ' << r.value.value_or("null") << '\n';
        });
    }
    std::ofstream to{folder_ + "/group.txt"};
    for (auto& e : read_group_log(servers(), id_)) {
        if (auto* c = std::get_if<commit>(&e)) {
            to << c->time - began_ << " commit " << c->topic << ' ' << c->partition << ' '
               << c->offset << '\n';
            continue;
        }
        auto& g = std::get<generation>(e);
        to << g.time - began_ << " generation " << g.number << '\n';
        for (auto& m : g.members) {
            to << "    " << m.client << ' ' << m.id;
            for (auto& [topic, partitions] : m.partitions)
                for (const int p : partitions) to << ' ' << topic << ':' << p;
            to << '\n';
        }
    }
}

}  // namespace tests::torture
