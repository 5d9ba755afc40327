// SPDX-License-Identifier: Apache-2.0
#include "shard_group.hpp"

#include <algorithm>
#include <cassert>
#include <span>
#include <utility>

#include <weir/error.hpp>
#include <weir/graph/topic_info.hpp>

namespace weir::detail {
namespace {

// How many records of a changelog are read or sent in one turn, so that others have theirs.
constexpr std::size_t restore_piece = 4096, write_piece = 4096;
// While several tables replay, one input waits for another no longer than this without any message.
constexpr auto step_pause = std::chrono::seconds{10};

bool depends_on_time(const table_info& t) { return t.ttl.count() > 0 || !t.windows.text.empty(); }
std::string named_windows(const std::string& text) { return text.empty() ? "no windows" : text; }

bool is_at_end(const transport::partition& p) {
    const auto end = p.end(), at = p.position();
    return end && at && *at >= *end;
}

}  // namespace

std::string windows_of(const table_info& t) {
    return t.windows.text + (t.windows.in_panes ? ", in panes" : "");
}

std::string grouped(offset n) {
    auto text = std::to_string(n);
    for (auto at = std::ssize(text) - 3; at > 0; at -= 3)
        text.insert(static_cast<std::size_t>(at), 1, ',');
    return text;
}

shard_group::shard_group(std::vector<table_target> tables, partition_id p, std::string app,
                         transport::transport& t, std::shared_ptr<release_queue> releases,
                         warm_shards& warm, const snapshots& on_disk, timestamp now, bool is_copy)
    : partition_(p),
      app_(std::move(app)),
      transport_(t),
      under_way_(new records_under_way{releases}),
      decision_under_way_(new records_under_way{releases}),
      results_(new records_under_way{std::move(releases)}) {
    const auto& first = *tables.front().table;
    inputs_.resize(first.inputs.size());
    for (auto* i : first.inputs)
        input_names_.push_back(first.is_only_joined(*i) ? std::string{} : i->name);
    const auto has_clock = [](auto& one) {
        return one.table->windows.idle > duration::zero() || one.table->windows.fires_timers;
    };
    if (std::any_of(tables.begin(), tables.end(), has_clock)) {
        inputs_.push_back(std::make_shared<table_input>());
        input_names_.emplace_back(clock_name);
    }
    for (auto& [table, to] : tables) {
        auto& m = tables_.emplace_back(member{table, to, nullptr});
        if (!is_copy || may_be_copied(*table)) begin(m, warm, on_disk, now);
    }
    for (auto* o : {&row_, &erased_, &mark_, &tombstone_}) {
        o->partition = p;
        o->headers.push_back({stamp_header, bytes{}});
    }
    erased_.headers.push_back({erased_header, bytes{""}});
    mark_.key.assign(mark_key);
}

shard_group::~shard_group() {
    for (auto& m : tables_) {
        if (leaves_readable_) continue;
        m.table->set(partition_, nullptr);
        if (m.disk) m.disk->close();
    }
    for (auto& i : inputs_) {
        if (!i) continue;
        i->ready = false;
        i->abandoned = true;
    }
}

std::shared_ptr<table_input> shard_group::assigned(const topic_info& t, offset from) {
    auto& in = inputs_[number_of(t)];
    in = std::make_shared<table_input>();
    in->committable = in->written = in->next = from;
    return in;
}

std::size_t shard_group::number_of(const topic_info& t) const {
    const auto& all = inputs();
    const auto at = std::find(all.begin(), all.end(), &t);
    assert(at != all.end());
    return static_cast<std::size_t>(at - all.begin());
}
bool shard_group::had(const topic_info& t) const { return inputs_[number_of(t)] != nullptr; }
bool shard_group::has(const table_input& in) const {
    return std::any_of(inputs_.begin(), inputs_.end(), [&](auto& i) { return i.get() == &in; });
}

bool shard_group::is_changed_by(const std::string& agent) const {
    return std::any_of(tables_.begin(), tables_.end(),
                       [&](auto& m) { return m.table->changed_by == agent; });
}

shard_group::timed_tables shard_group::timed_tables_of(const std::string& agent) const {
    timed_tables all;
    for (auto& m : tables_) {
        if (m.table->changed_by != agent || !depends_on_time(*m.table)) continue;
        ++all.count;
        all.wait = std::max(all.wait, m.table->windows.wait);
    }
    return all;
}

bool shard_group::stays_without(const table_input& gone, bool lost) {
    for (auto& i : inputs_)
        if (i.get() == &gone) i->leaving = true;
    ++gone_;
    const auto is_leaving = [](auto& i) { return i && i->leaving; };
    const auto topics = std::span{inputs_}.first(topic_count());
    return !lost && running_ && gone_ < topics.size() &&
           std::all_of(topics.begin(), topics.end(), is_leaving);
}

std::vector<topic_partition> shard_group::staying() const {
    std::vector<topic_partition> all;
    for (std::size_t i = 0; i < topic_count(); ++i)
        if (inputs_[i] && !inputs_[i]->leaving) all.push_back({inputs()[i]->name, partition_});
    return all;
}

bool shard_group::complete() const {
    return std::all_of(inputs_.begin(), inputs_.end(), [](auto& i) { return i && !i->leaving; });
}

std::string shard_group::where(const member& m, offset at) const {
    return "the changelog of table '" + m.table->name + "', " + m.table->changelog->name + '[' +
           std::to_string(partition_) + "] at " + std::to_string(at);
}

// ----------------------------------------------------------------------------------------- restore
bool shard_group::restore(std::size_t& left) {
    if (running_) return false;
    bool busy = false;
    for (auto& m : tables_) {
        if (m.restored) continue;
        for (std::size_t n = 0; n < restore_piece && left > 0 && !m.restored; n += restore_read) {
            if (m.on_disk) n = restore_piece;  // one block of it at a time
            tell_begin(m);
            if ((m.table->memory_room == 0 && !m.disk) || !restore(m)) break;
            while (m.shard->put_some(restore_piece)) {}
            busy = true;
            left -= std::min(left, restore_read);
        }
        if (m.restored)
            news_.push_back({m.table->name, partition_, 0, 0, true, std::move(m.late),
                             std::move(m.undecodable)});
    }
    const auto is_restored = [](auto& m) { return m.restored; };
    if (!complete() || !std::all_of(tables_.begin(), tables_.end(), is_restored)) return busy;
    running_ = true;
    start();
    return true;
}

void shard_group::tell_begin(member& m) {
    if (m.from || !m.reader) return;
    const auto end = m.reader->end();
    if (!end) return;
    m.from = std::min(m.reader->position().value_or(0), *end);
    news_.push_back({m.table->name, partition_, *m.from, *end, false});
}

void shard_group::begin(member& m, warm_shards& warm, const snapshots& on_disk, timestamp now) {
    m.was_warm = warm.take(*m.table, partition_);
    if (m.was_warm) resume(m);
    else if (m.table->on_disk) begin_on_disk(m, on_disk, now);
    else if (!begin_with(m, on_disk, now)) begin_anew(m);
}

/// The changelog is read from its start.
void shard_group::begin_anew(member& m) {
    m.was_warm.reset();
    m.reopened = false;
    m.last_owner = {};
    m.last_stamp.reset();
    m.late.clear();
    m.clock_in_mark = 0;
    m.from.reset();
    m.read_to = 0;
    m.last_read = {};
    m.was_at_end = false;
    m.owners.clear();
    m.shard = m.table->make(inputs_.size());
    m.next_head.clear();
    m.writers.clear();
    if (m.disk) {
        m.disk->wipe();
        m.shard->use_disk(m.disk, 0);
    }
    m.fetched.reset();
    m.reader.reset();  // a partition has one reader at a time
    m.reader = transport_.reader({m.table->changelog->name, partition_}, 0);
}

void shard_group::give_up_warm(member& m) {
    const char* why = "is not of this changelog, or lacks something of it";
    if (!m.path.empty()) drop_snapshot(m, why);
    else
        lines_.push_back("table '" + m.table->name + "'[" + std::to_string(partition_) +
                         "] is restored from its changelog: what was kept of it " +
                         (m.disk ? "on disk" : "in memory") + ' ' + why);
    begin_anew(m);
}

/// The changelog is read from where the shard was left. The last record that is in the shard is
/// read again: it shows that the changelog is still the same one.
void shard_group::resume(member& m) {
    const auto& was = *m.was_warm;
    m.shard = was.shard;
    m.disk = was.disk;
    if (m.disk) m.writers = m.disk->writers();
    m.shard->resume(was.at);
    m.shard->may_repeat = true;
    m.last_owner = was.owner;
    m.owners = {was.owner.owner};
    if (has_clock()) m.clock_in_mark = was.at.back();
    const auto from = m.table->is_topic ? was.next : was.next - 1;
    m.reader = transport_.reader({m.table->changelog->name, partition_}, from);
}

/// What a record is to a shard that was warm.
shard_group::follows shard_group::follows_warm(member& m, const fetch& in, std::size_t i) {
    const auto& record = in.messages()[i];
    const auto& was = *m.was_warm;
    std::string owner, changelog = was.owner.changelog;
    bool may_go_on = false;
    if (record.key.view() == owner_key) {
        auto o = changelog_owner::of(record.value);
        owner = std::move(o.owner);
        changelog = std::move(o.changelog);
        m.is_same = true;
    } else if (const auto text = in.header_of(i, stamp_header); text && !text->is_null()) {
        auto stamp = cut_stamp::of(text->view(), input_names_);
        if (is_late_writer(m, stamp)) return follows::not_at_all;
        owner = std::move(stamp.owner);
        may_go_on = was.owner_may_go_on;
    }
    const bool is_last = record.offset == was.next - 1;
    m.is_same |= is_last || (may_go_on && owner == was.owner.owner);
    // Its own record behind the last one: others have written in between what the shard lacks.
    if (record.offset < was.next - 1 || changelog != was.owner.changelog ||
        ((owner == was.owner.owner) != is_last && !(may_go_on && !is_last)))
        return follows::not_at_all;
    if (is_last) return follows::is_in_it;
    if (owner != owner_ && !std::exchange(m.reopened, true)) m.shard->reopen();
    return follows::is_next;
}

cut shard_group::finished() const {
    cut upto;
    for (auto& i : inputs_) upto.push_back(i->committable);
    return upto;
}

/// Whether all shards are at rest. They do not replay any more if nothing comes again.
bool shard_group::find_rest() {
    const bool is_written =
        at_ == stage::none || ((at_ == stage::disk || at_ == stage::tombstones) && writing_ == 0);
    if (!running_ || !is_written || decision_ || under_way_->count() > 0 ||
        decision_under_way_->count() > 0)
        return false;
    for (auto& m : tables_)
        if (m.shard->replaying()) m.shard->replayed(finished());
    return std::all_of(tables_.begin(), tables_.end(),
                       [](auto& m) { return m.shard->is_at_rest(); });
}

/// The shard contains what is before `all_before`.
warm_shard shard_group::at_rest_of(const member& m, const cut& all_before) const {
    if (m.table->is_topic)
        return {m.shard, all_before[number_of(*m.table->changelog)], {}, cut(all_before.size(), 0)};
    return {m.shard, m.owner_at + m.sent + 1, m.last_owner, all_before, m.disk};
}

void shard_group::keep_warm(warm_shards& warm, time_point now) {
    if (!find_rest()) return;
    for (auto& m : tables_) {
        warm.keep(*m.table, partition_, at_rest_of(m, finished()), now);
        if (m.table->warm_for > duration::zero()) m.disk.reset();  // it stays open
    }
}

// --------------------------------------------------------------------------------------- snapshots
/// A topic's table has none: nothing in the topic says that it is still the same one.
bool shard_group::begin_with(member& m, const snapshots& all, timestamp now) {
    if (!all.any() || m.table->is_topic) return false;
    m.path = all.path(*m.table, partition_);
    try {
        m.on_disk = snapshot_reader::of(m.path);
        if (!m.on_disk) return false;
        const auto& h = m.on_disk->head();
        check_fits(m, h, now);
        m.shard = m.table->make(inputs_.size());
        m.shard->restore_mark(h.at, h.time, h.closed);
        return true;
    } catch (const unfit_snapshot& e) { drop_snapshot(m, e.what()); }
    return false;
}

void shard_group::drop_snapshot(member& m, const std::string& why) {
    lines_.push_back("table '" + m.table->name + "'[" + std::to_string(partition_) +
                     "] is restored from its changelog alone: its snapshot " + m.path + ' ' + why);
    m.on_disk.reset();
    snapshots::remove(m.path);
}

bool shard_group::read_snapshot(member& m) {
    try {
        if (m.on_disk->read(*m.shard)) return true;
        const auto& h = m.on_disk->head();
        m.was_warm = warm_shard{m.shard, h.next, h.owner, h.at};
        m.on_disk.reset();
        resume(m);
    } catch (const unfit_snapshot& e) {
        drop_snapshot(m, e.what());
        begin_anew(m);
    }
    return true;
}

bool shard_group::write_snapshots(const snapshots& all, timestamp now) {
    if (!all.any() || !find_rest()) return false;
    for (auto& m : tables_) {
        if (m.is_on_disk || m.table->is_topic) continue;
        if (m.disk) {
            if (!finish_disk(m, now)) m.is_on_disk = true;
            return true;
        }
        try {
            if (!m.to_disk) {
                auto head = head_of(m, at_rest_of(m, finished()));
                head.written = now;
                m.to_disk = std::make_unique<snapshot_writer>(all.path(*m.table, partition_), head,
                                                              m.shard);
            }
            if (m.to_disk->write()) return true;
        } catch (const error& e) {
            lines_.push_back("the snapshot of table '" + m.table->name + "'[" +
                             std::to_string(partition_) + "] cannot be written to " +
                             all.path(*m.table, partition_) + ": " + e.what() +
                             "; the next start restores the table from its changelog");
        }
        m.to_disk.reset();
        m.is_on_disk = true;
        return true;
    }
    return false;
}

/// The inputs may be read.
void shard_group::start() {
    for (auto& m : tables_) {
        m.table->set(partition_, m.shard);
        if (!m.shard->replaying()) continue;
        for (auto& to : m.shard->replays())
            for (std::size_t i = 0; i < to.size(); ++i)
                inputs_[i]->replays_to = std::max(inputs_[i]->replays_to, to[i]);
    }
    find_steps();
    for (auto& i : inputs_) i->ready = true;
    if (has_clock()) begin_decision();
}

/// Of a chain of tables, one may have been written as of a later cut than the one before it. What
/// that one passes on depends on the order of messages, which may be another one now. So all
/// messages of a cut come before any other: the later table leaves all of them out, and misses
/// none. Other tables pass nothing on to each other.
void shard_group::find_steps() {
    for (auto& m : tables_)
        if (m.shard->replaying() && m.table->is_in_chain)
            for (auto& c : m.shard->replays()) steps_.push_back(std::move(c));
    if (steps_.empty()) return;
    std::sort(steps_.begin(), steps_.end());  // each of them contains those before it
    steps_.erase(std::unique(steps_.begin(), steps_.end()), steps_.end());
    begin_step();
}

bool shard_group::step_is_read() const {
    if (steps_.empty()) return false;
    const auto& upto = steps_.front();
    for (std::size_t i = 0; i < topic_count(); ++i)
        if (inputs_[i]->next < upto[i]) return false;
    return true;
}

void shard_group::begin_step() {
    still_since_ = now_;
    limit_reading();
}

time_point shard_group::due_of_step() const {
    return steps_.empty() ? time_point::max() : later(still_since_, step_pause);
}

bool shard_group::restore(member& m) {
    if (m.on_disk) return read_snapshot(m);
    if (m.table->is_topic) return restore_topic(m);
    m.fetched = m.reader->read(restore_read, std::move(m.fetched));
    if (lacks_something(m)) {
        give_up_copy(m);
        return true;
    }
    if (!m.fetched) {
        if (m.announced || !complete() || !is_at_end(*m.reader)) return false;
        if (m.was_warm && !m.is_same) {  // nothing that is there says so
            give_up_warm(m);
            return true;
        }
        announce(m);
        return m.announced;
    }
    const auto all = m.fetched->messages();
    constexpr std::size_t ahead = 8;
    for (std::size_t i = 0; i < std::min(ahead, all.size()); ++i) m.shard->prefetch(all[i].key);
    for (std::size_t i = 0; i < all.size() && !m.restored; ++i) {
        if (i + ahead < all.size()) m.shard->prefetch(all[i + ahead].key);
        try {
            if (m.was_warm) {
                const auto it = follows_warm(m, *m.fetched, i);
                if (it == follows::not_at_all) {
                    give_up_warm(m);
                    return true;
                }
                if (it == follows::is_in_it) continue;
            }
            if (is_by_stranger(m, *m.fetched, i)) {
                give_up_copy(m);
                return true;
            }
            restore(m, *m.fetched, i);
        } catch (const refused_record& e) {
            throw error{"weir: " + where(m, all[i].offset) + ' ' + e.what()};
        } catch (const std::exception& e) {
            throw error{"weir: " + where(m, all[i].offset) + " does not decode: " + e.what() +
                        "; was the table's type changed? A table with another name begins anew"};
        }
    }
    if (m.restored) {
        m.shard->restored();
        m.reader.reset();
        m.fetched.reset();
    }
    return true;
}

/// Up to what is committed. What lies behind it comes as input.
bool shard_group::restore_topic(member& m) {
    const auto& in = inputs_[number_of(*m.table->changelog)];
    if (!in) return false;
    const auto upto = in->committable;
    if (m.was_warm && upto < m.was_warm->next) give_up_warm(m);
    const auto is_there = [&] { return upto == 0 || m.reader->position() >= upto; };
    if (!is_there()) {
        m.fetched = m.reader->read(restore_read, std::move(m.fetched));
        if (!m.fetched && !is_at_end(*m.reader)) return false;
    }
    const cut settled(inputs_.size(), 0);
    for (std::size_t i = 0; m.fetched && i < m.fetched->messages().size(); ++i) {
        const auto& record = m.fetched->messages()[i];
        if (record.offset >= upto) break;
        if (m.was_warm && !std::exchange(m.reopened, true)) m.shard->reopen();
        try {
            if (record.value.is_null()) m.shard->restore_erased(record, settled, true);
            else m.shard->restore_row(record, settled);
        } catch (const std::exception& e) { leave_out(m, record, e.what()); }
    }
    if (is_there() || !m.fetched) {
        m.restored = true;
        m.shard->restored();
        m.reader.reset();
        m.fetched.reset();
    }
    return true;
}

void shard_group::restore(member& m, const fetch& in, std::size_t i) {
    const auto& record = in.messages()[i];
    if (record.key.view() == owner_key) return restore_owner(m, record);
    const auto text = in.header_of(i, stamp_header);
    if (!text || text->is_null()) throw refused_record{not_by_weir()};
    if (text->view() != m.last_stamp) {
        m.last_stamp = text->view();
        m.stamp = cut_stamp::of(*m.last_stamp, input_names_);
    }
    // of an owner who did not know yet that another had its place
    if (m.stamp.epoch < m.last_owner.epoch ||
        (m.stamp.epoch == m.last_owner.epoch && m.stamp.owner != m.last_owner.owner))
        return leave_out(m);
    if (record.key.view() == mark_key) {
        if (has_clock()) m.clock_in_mark = m.stamp.at.back();
        return m.shard->restore_mark(m.stamp.at, m.stamp.time, m.stamp.closed);
    }
    if (record.key.view() == clock_key) return read_decision(m);
    const bool erased = record.value.size() == 0 && in.header_of(i, erased_header);
    if (erased || record.value.is_null()) m.shard->restore_erased(record, m.stamp.at, !erased);
    else restore_row(m, in, i);
}

void shard_group::restore_row(member& m, const fetch& in, std::size_t i) {
    if (m.table->ttl.count() > 0)
        if (const auto text = in.header_of(i, changed_header); text && !text->is_null())
            m.shard->restore_changed(
                timestamp{std::chrono::milliseconds{number_in(text->view()).value_or(0)}});
    m.shard->restore_row(in.messages()[i], m.stamp.at);
}

/// Counts the message of a topic that does not decode. What is committed has been dealt with.
void shard_group::leave_out(member& m, const message& record, const std::string& why) {
    if (!m.table->leaves_out_undecodable)
        throw error{"weir: table '" + m.table->name + "': " + m.table->changelog->name + '[' +
                    std::to_string(partition_) + "] at " + std::to_string(record.offset) +
                    " does not decode: " + why};
    if (m.undecodable.count++ == 0)
        m.undecodable.first = "at " + std::to_string(record.offset) + ": " + why;
}

/// Counts the record, by who wrote it.
void shard_group::leave_out(member& m) {
    const auto same = [&](auto& l) { return l.epoch == m.stamp.epoch && l.owner == m.stamp.owner; };
    const auto it = std::find_if(m.late.begin(), m.late.end(), same);
    if (it != m.late.end()) ++it->count;
    else m.late.push_back({m.stamp.epoch, m.stamp.owner, 1});
}

void shard_group::restore_owner(member& m, const message& record) {
    auto o = changelog_owner::of(record.value);
    const auto& t = *m.table;
    if (o.app != app_ || o.table != t.name)
        throw refused_record{"says that it belongs to table '" + o.table + "' of app '" + o.app +
                             "': give this app's table another name"};
    if (o.key_type != t.key_type || o.value_type != t.value_type)
        throw refused_record{"says that its keys are of type " + o.key_type +
                             " and its values of type " + o.value_type +
                             ", and the table is declared with " + t.key_type + " and " +
                             t.value_type +
                             ": declare it as before, or give it another name, and it begins "
                             "anew"};
    if (const auto now = windows_of(t); o.windows != now && t.windows.join)
        throw refused_record{"says that it is written by " + named_windows(o.windows) +
                             ", and this is a " + now +
                             ": join as before, or give the agent another name, and the join "
                             "begins anew"};
    else if (o.windows != now)
        throw refused_record{"says that it is filled by " + named_windows(o.windows) +
                             ", and the table is filled by " + named_windows(now) +
                             ": give it the windows that it had, or another name, and it begins "
                             "anew"};
    m.restored = o.owner == owner_;
    if (m.restored) {
        m.owner_at = record.offset;
        m.sent = 0;
    }
    m.last_owner = std::move(o);
}

/// Says whose the partition is from now on.
void shard_group::announce(member& m) {
    auto& o = m.last_owner;
    changelog_owner now{app_,
                        m.table->name,
                        m.table->key_type,
                        m.table->value_type,
                        o.changelog.empty() ? random_name() : o.changelog,
                        owner_,
                        windows_of(*m.table),
                        o.epoch + 1};
    outgoing record{};
    record.partition = partition_;
    record.key.assign(owner_key);
    record.value.assign(now.text());
    m.announced = send(m, record);
}

std::string shard_group::why_not_ready() const {
    if (running_) return {};
    for (auto& m : tables_) {
        if (m.restored) continue;
        if (m.on_disk) return "table '" + m.table->name + "' is read from its snapshot";
        const auto n = to_restore(m);
        if (n.read < n.all || complete())
            return "table '" + m.table->name +
                   "' is restored from its changelog: " + grouped(n.read) + " of " +
                   grouped(n.all) + " records";
    }
    for (std::size_t i = 0; i < inputs_.size(); ++i)
        if (!inputs_[i] || inputs_[i]->leaving)
            return std::string{"its tables are "} +
                   (is_only_joined(i) ? "joined with " : "changed by ") + inputs()[i]->name + '[' +
                   std::to_string(partition_) + "], too, which is not assigned to this app";
    return "its tables are restored";
}

std::string shard_group::why_full() const {
    for (auto& m : tables_)
        if (!m.table->full.empty()) return m.table->full;
    return {};
}

std::string shard_group::being_written() const {
    const bool is_written = at_ == stage::disk || at_ == stage::tombstones;
    if (at_ == stage::none || (is_written && writing_ == 0)) return {};
    return "table '" + tables_[writing_].table->name + "' is being written to its changelog";
}

std::size_t shard_group::keys() const {
    std::size_t n = 0;
    for (auto& m : tables_) n += m.shard->size();
    return n;
}
std::size_t shard_group::restoring_count() const {
    return static_cast<std::size_t>(
        std::count_if(tables_.begin(), tables_.end(), [](auto& m) { return !m.restored; }));
}

shard_group::records shard_group::to_restore(const member& m) {
    if (!m.reader) return {};
    const auto from = m.from.value_or(0);
    const auto at = m.reader->position().value_or(from), end = m.reader->end().value_or(at);
    return {at - from, std::max(at, end) - from};
}
shard_group::records shard_group::to_restore() const {
    records sum;
    for (auto& m : tables_) {
        if (m.restored) continue;
        const auto n = to_restore(m);
        sum.read += n.read;
        sum.all += n.all;
    }
    return sum;
}

// --------------------------------------------------------------------------------------------- run
/// The most that all tables can have in a cut. A table may have seen its inputs in another order
/// than the others, so each bounds the others.
cut shard_group::committable_cut() {
    cut at;
    for (auto& i : inputs_) at.push_back(i->committable);
    for (bool again = true; again;) {
        again = false;
        for (auto& m : tables_) {
            auto most = m.shard->committable(at);
            again |= most != at;
            at = std::move(most);
        }
        again &= tables_.size() > 1;
    }
    return at;
}

bool shard_group::update(bool under_way) {
    if (!running_) return false;
    upto_.clear();  // its capacity is used again: this is done in every turn
    for (auto& i : inputs_) upto_.push_back(i->committable);
    const auto is_before = [&](auto& m) { return m.shard->is_all_before(upto_); };
    if (std::all_of(tables_.begin(), tables_.end(), is_before))
        for (auto& m : tables_) m.shard->forget(upto_);
    tell_room();
    if (may_repeat_) look_for_repeats();
    bool busy = has_clock() && update_clock(under_way);
    busy |= update_steps(under_way);
    limit_reading();
    return busy;
}

/// What comes from now on has come to nobody else.
void shard_group::look_for_repeats() {
    const auto all = topic_inputs();
    may_repeat_ = !std::all_of(all.begin(), all.end(), [](auto& i) {
        return i->first_end && i->committable >= *i->first_end;
    });
    for (auto& m : tables_) m.shard->may_repeat = may_repeat_;
}

/// True if inputs may be read on that had to wait.
bool shard_group::update_steps(bool under_way) {
    if (steps_.empty()) return false;
    offset read = 0;
    for (auto& i : topic_inputs()) read += i->next;
    if (std::exchange(read_of_step_, read) != read) still_since_ = now_;
    if ((under_way || !step_is_read()) && now_ < due_of_step()) return false;
    steps_.erase(steps_.begin());
    begin_step();
    return true;
}

/// No input is read beyond the step, nor beyond a decision of the clock that is not carried out.
void shard_group::limit_reading() {
    constexpr auto none = std::numeric_limits<offset>::max();
    const auto* from = decision_to_wait_for();
    for (std::size_t i = 0; i < topic_count(); ++i) {
        auto& limit = inputs_[i]->limit;
        limit = steps_.empty() || is_only_joined(i) ? none : steps_.front()[i];
        if (from) limit = std::min(limit, (*from)[i]);
        if (lets_finish_) limit = std::min(limit, inputs_[i]->next);
    }
}

/// The journals are bounded, give or take what one message changes.
void shard_group::tell_room() {
    auto room = std::numeric_limits<std::size_t>::max();
    for (auto& m : tables_) {
        const auto most = m.table->journal_max;
        room = std::min(room, most - std::min(m.shard->journal_size(), most));
        room = std::min(room, m.table->memory_room);
    }
    for (auto& i : inputs_) i->room = room;
}

bool shard_group::begin_cut() {
    const auto is_replaying = [](auto& m) { return m.shard->replaying(); };
    if (!running_ || at_ != stage::none) return false;
    auto at = committable_cut();
    // A cut that goes back would contain more than it says.
    for (auto& m : tables_)
        if (m.shard->replaying()) m.shard->replayed(at);
    if (std::any_of(tables_.begin(), tables_.end(), is_replaying)) return false;
    bool further = false;
    for (std::size_t i = 0; i < at.size(); ++i) further |= at[i] > inputs_[i]->written;
    if (!further) return false;
    bool changed = false;
    for (auto& m : tables_) {
        m.shard->forget(at);
        changed |= m.shard->changed();
    }
    cut_ = std::move(at);
    if (!changed) {
        for (std::size_t i = 0; i < cut_.size(); ++i) inputs_[i]->written = cut_[i];
        return false;
    }
    for (auto& m : tables_)
        if (!m.table->is_topic) m.shard->begin_cut();
    begin_table(tables_.size() - 1);
    return true;
}

void shard_group::begin_table(std::size_t i) {
    writing_ = i;
    if (tables_[i].table->is_topic) {
        at_ = stage::tombstones;  // there is nothing to write
        if (i == 0) written();
        return;
    }
    cut_stamp stamp{tables_[i].last_owner.epoch, owner_, cut_};
    const auto text = stamp.text(input_names_);
    for (auto* o : {&row_, &erased_, &tombstone_}) o->headers.front().value->assign(text);
    stamp.time = tables_[i].shard->cut_time();
    if (stamp.time != no_time) stamp.closed = stamp.time - tables_[i].table->windows.closes_after;
    const auto of_mark = stamp.text(input_names_);
    mark_.headers.front().value->assign(of_mark);
    mark_.value.assign(of_mark);  // not null: compaction would remove it
    at_ = stage::rows;
}

bool shard_group::send(member& m, outgoing& record) {
    hold h{*under_way_, 0};
    return send(m, record, h);
}
bool shard_group::send(member& m, const outgoing& record, hold& h) {
    const bool sent = m.to->send(record, h);
    if (sent) ++m.sent;
    return sent;
}

bool shard_group::write() {
    bool busy = false;
    for (std::size_t n = 0; n < write_piece && at_ != stage::none; ++n) {
        if (at_ == stage::disk) {
            if (!tables_[writing_].shard->put_some(write_piece)) at_ = stage::tombstones;
            return true;
        }
        if (!write_one(tables_[writing_])) return busy;
        busy = true;
    }
    return busy;
}

/// One record, or one step on. False if it has to wait: for room, or for what is under way.
bool shard_group::write_one(member& m) {
    switch (at_) {
        case stage::rows:
            if (next_ == shard::record_kind::none) next_ = m.shard->next(row_);
            if (next_ != shard::record_kind::none) return send_row(m);
            at_ = stage::mark;
            return true;
        case stage::mark:
            // Behind what has arrived: a record that is given up must not leave a cut that looks
            // complete.
            if (under_way_->count() > 0 || !send(m, mark_)) return false;
            at_ = stage::arrival;
            return true;
        case stage::arrival:
            if (under_way_->count() > 0) return false;
            at_ = stage::tombstones;
            if (m.disk) begin_disk(m);
            if (writing_ == 0) written();
            return true;
        case stage::disk: break;
        case stage::tombstones:
            if (!m.table->is_topic && m.shard->next_tombstone(tombstone_)) {
                if (!send(m, tombstone_)) return false;
                m.shard->sent_tombstone();
                return true;
            }
            if (writing_ > 0) begin_table(writing_ - 1);
            else at_ = stage::none;
            return true;
        case stage::none: break;
    }
    return false;
}

bool shard_group::send_row(member& m) {
    if (is_bookkeeping(row_.key))
        throw error{"weir: table '" + m.table->name +
                    "': a key has the bytes of one of weir's own records"};
    auto* record = &row_;
    if (next_ == shard::record_kind::erased) {
        record = &erased_;
        erased_.key = row_.key;
        erased_.value = row_.value;
        erased_.timestamp = row_.timestamp;
    }
    if (!send(m, *record)) return false;
    next_ = shard::record_kind::none;
    m.shard->sent();
    return true;
}

/// All tables have the cut: the inputs may be committed up to it.
void shard_group::written() {
    for (std::size_t i = 0; i < cut_.size(); ++i)
        inputs_[i]->written = std::max(inputs_[i]->written, cut_[i]);
    told_written_ = true;
}

}  // namespace weir::detail
