// SPDX-License-Identifier: Apache-2.0
#include "snapshot.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>

#include <weir/state/expiry.hpp>
#include <weir/state/rows.hpp>

namespace weir::detail {
namespace {

constexpr std::string_view no_name = "*";  // of an input; no topic's name
constexpr std::string_view suffix = ".snapshot", store_suffix = ".rocksdb";
constexpr std::string_view version_line = "weir snapshot 1";
// What is written or read at once. A shard of millions of keys has hundreds of blocks.
constexpr std::size_t block_size = std::size_t{1} << 20;
constexpr std::uint64_t block_size_max = std::uint64_t{1} << 32;

/// Before each block. The last one has no bytes, and the number of all rows.
struct block_head {
    std::uint64_t size, rows, checksum;
};
struct row_head {
    std::int64_t time;
    std::uint32_t key_size, value_size;
    // Whether it is erased, in the lowest bit; above it, how much later than `time` the stream time
    // was at its last change, in milliseconds: of a table with .ttl.
    std::uint64_t erased_and_later;
};

std::string why() { return std::strerror(errno); }

/// Finds what is torn or was overwritten: it is no defence against somebody who means harm.
std::uint64_t checksum_of(std::string_view bytes) {
    std::uint64_t sum = bytes.size();
    for (; bytes.size() >= sizeof sum; bytes.remove_prefix(sizeof sum)) {
        std::uint64_t part;
        std::memcpy(&part, bytes.data(), sizeof part);
        sum = (sum ^ part) * 0x9e3779b97f4a7c15u;
        sum ^= sum >> 29;
    }
    std::uint64_t rest = 0;
    std::memcpy(&rest, bytes.data(), bytes.size());
    return mix(sum ^ rest);
}

/// Throws unfit_snapshot.
std::int64_t number(std::string_view text) {
    const auto n = number_in(text);
    if (!n)
        throw unfit_snapshot{"does not say what it is: '" + std::string{text.substr(0, 40)} +
                             "' is no number"};
    return *n;
}

std::string unfinished(const std::string& path) { return path + ".new"; }

}  // namespace

open_file::~open_file() {
    if (fd_ >= 0) ::close(fd_);
}

// ---------------------------------------------------------------------------------------- the head
std::string snapshot_head::text() const {
    std::string names;
    for (auto& i : inputs) names += ' ' + (i.empty() ? std::string{no_name} : i);
    const cut_stamp stamp{owner.epoch, owner.owner, at, time, closed};
    return std::string{version_line} + "\ntopic " + changelog + "\nnext " + std::to_string(next) +
           "\nwritten " + std::to_string(written.time_since_epoch().count()) + "\ninputs" + names +
           "\ncut " + stamp.text(inputs) + "\n\n" + owner.text();
}

snapshot_head snapshot_head::of(std::string_view text) {
    if (take_text(text, '\n') != version_line) throw unfit_snapshot{"is of another version"};
    snapshot_head h;
    std::string_view stamp;
    for (auto line = take_text(text, '\n'); !line.empty(); line = take_text(text, '\n')) {
        const auto name = take_text(line, ' ');
        if (name == "topic") h.changelog = line;
        if (name == "next") h.next = number(line);
        if (name == "written") h.written = timestamp{std::chrono::milliseconds{number(line)}};
        if (name == "inputs")
            while (!line.empty()) {
                const auto one = take_text(line, ' ');
                h.inputs.emplace_back(one == no_name ? std::string_view{} : one);
            }
        if (name == "cut") stamp = line;
    }
    try {
        const auto s = cut_stamp::of(stamp, h.inputs);
        h.at = s.at;
        h.time = s.time;
        h.closed = s.closed;
        h.owner = changelog_owner::of(text);
    } catch (const refused_record& e) { throw unfit_snapshot{e.what()}; }
    return h;
}

// ----------------------------------------------------------------------------------------- writing
snapshot_writer::snapshot_writer(std::string path, const snapshot_head& head,
                                 std::shared_ptr<const shard> of)
    : path_(std::move(path)),
      of_(std::move(of)),
      file_(::open(unfinished(path_).c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644)) {
    if (!file_) throw error{why()};
    block_.append(head.text());
}

/// One that is not complete goes.
snapshot_writer::~snapshot_writer() {
    if (file_) ::unlink(unfinished(path_).c_str());
}

void snapshot_writer::write(const void* from, std::size_t size) {
    const auto* at = static_cast<const char*>(from);
    while (size > 0) {
        const auto n = ::write(file_.get(), at, size);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) throw error{why()};
        at += n;
        size -= static_cast<std::size_t>(n);
        size_ += n;
    }
}

/// The disk begins with it at once, so that in the end little is left to be waited for.
void snapshot_writer::write_block() {
    const block_head head{block_.size(), rows_, checksum_of(block_.view())};
    const auto from = size_;
    write(&head, sizeof head);
    write(block_.data(), block_.size());
    ::sync_file_range(file_.get(), from, size_ - from, SYNC_FILE_RANGE_WRITE);
    block_.reset();
}

bool snapshot_writer::write() {
    using kind = shard::record_kind;
    if (size_ == 0) {
        write_block();  // the head
        return true;
    }
    while (block_.size() < block_size) {
        const auto is = of_->row_from(row_, record_);
        if (is == kind::none) {
            if (block_.size() > 0) write_block();
            complete();
            return false;
        }
        const auto later = std::max(changed_of(record_), *record_.timestamp) - *record_.timestamp;
        const row_head head{
            record_.timestamp->time_since_epoch().count(),
            static_cast<std::uint32_t>(record_.key.size()),
            static_cast<std::uint32_t>(record_.value.size()),
            static_cast<std::uint64_t>(later.count()) << 1 | (is == kind::erased ? 1u : 0u)};
        char text[sizeof head];
        std::memcpy(text, &head, sizeof head);
        block_.append({text, sizeof text});
        block_.append(record_.key.view());
        block_.append(record_.value.view());
        ++rows_;
    }
    write_block();
    return true;
}

void snapshot_writer::complete() {
    write_block();  // without bytes
    if (::fsync(file_.get()) != 0) throw error{why()};
    if (::rename(unfinished(path_).c_str(), path_.c_str()) != 0) throw error{why()};
    const auto dir = std::filesystem::path{path_}.parent_path();
    const open_file in{::open(dir.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
    if (!in || ::fsync(in.get()) != 0) throw error{why()};
}

// ----------------------------------------------------------------------------------------- reading
std::unique_ptr<snapshot_reader> snapshot_reader::of(const std::string& path) {
    open_file f{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
    if (!f && errno == ENOENT) return {};
    if (!f) throw unfit_snapshot{"cannot be read: " + why()};
    std::unique_ptr<snapshot_reader> r{new snapshot_reader{std::move(f)}};
    block_head head;
    r->read(&head, sizeof head);
    r->head_ = snapshot_head::of(r->read_block(head.size, head.checksum));
    return r;
}

void snapshot_reader::read(void* into, std::size_t size) {
    auto* at = static_cast<char*>(into);
    while (size > 0) {
        const auto n = ::read(file_.get(), at, size);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) throw unfit_snapshot{"cannot be read: " + why()};
        if (n == 0) throw unfit_snapshot{"is not complete"};
        at += n;
        size -= static_cast<std::size_t>(n);
    }
}

std::string_view snapshot_reader::read_block(std::uint64_t size, std::uint64_t checksum) {
    if (size > block_size_max) throw unfit_snapshot{"is damaged"};
    block_.resize(size);
    read(block_.data(), size);
    if (checksum_of(block_) != checksum) throw unfit_snapshot{"is damaged"};
    return block_;
}

namespace {

struct read_row {
    message is{};
    timestamp changed{};
    bool erased = false;
};
read_row take_row(std::string_view& block) {
    const auto take = [&](std::size_t n) {
        if (n > block.size()) throw unfit_snapshot{"is damaged"};
        const auto part = block.substr(0, n);
        block.remove_prefix(n);
        return part;
    };
    row_head head;
    std::memcpy(&head, take(sizeof head).data(), sizeof head);
    read_row r;
    r.is.key = bytes_view{take(head.key_size)};
    r.is.value = bytes_view{take(head.value_size)};
    r.is.timestamp = timestamp{std::chrono::milliseconds{head.time}};
    r.changed = r.is.timestamp + std::chrono::milliseconds{head.erased_and_later >> 1};
    r.erased = (head.erased_and_later & 1) != 0;
    return r;
}

}  // namespace

void snapshot_reader::restore_row(shard& into, const message& m, timestamp changed) const {
    into.restore_changed(changed);
    into.restore_row(m, head_.at);
}

bool snapshot_reader::read(shard& into) {
    block_head head;
    read(&head, sizeof head);
    const auto block = read_block(head.size, head.checksum);
    auto rest = block, later = block;
    constexpr int ahead = 16;  // rows whose places come into the cache before their turn
    for (int n = 0; n < ahead && !later.empty(); ++n) into.prefetch(take_row(later).is.key);
    while (!rest.empty()) {
        if (!later.empty()) into.prefetch(take_row(later).is.key);
        const auto [m, changed, erased] = take_row(rest);
        try {
            if (erased) into.restore_erased(m, head_.at, false);
            else restore_row(into, m, changed);
        } catch (const std::exception& e) {
            throw unfit_snapshot{std::string{"does not decode: "} + e.what()};
        }
        ++rows_;
    }
    if (rows_ != head.rows) throw unfit_snapshot{"is damaged"};
    return !block.empty();
}

// ----------------------------------------------------------------------------------- the directory
snapshots::snapshots(const std::string& dir, const std::string& app) {
    if (dir.empty()) return;
    const auto its = std::filesystem::path{dir} / app;
    const auto refused = [&](const std::string& because) {
        return setup_error{"weir: app_options::state_dir: " + its.string() + ' ' + because};
    };
    std::error_code error;
    std::filesystem::create_directories(its, error);
    if (error) throw refused("cannot be made: " + error.message());
    lock_ = open_file{::open((its / "lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644)};
    if (!lock_) throw refused("cannot be written: " + why());
    if (::flock(lock_.get(), LOCK_EX | LOCK_NB) != 0)
        throw refused(errno == EWOULDBLOCK
                          ? "is used by another process of app '" + app +
                                "': give each process on a machine a directory of its own"
                          : "cannot be locked: " + why());
    dir_ = its.string();
}

void snapshots::remove(const std::string& path) {
    std::error_code ignored;
    std::filesystem::remove_all(path, ignored);
}

std::vector<std::string> snapshots::of(const std::string& dir, const std::string& app,
                                       const std::string& table) {
    std::vector<std::string> all;
    if (dir.empty()) return all;
    std::error_code none;  // there is no such directory
    for (auto& entry :
         std::filesystem::directory_iterator{std::filesystem::path{dir} / app, none}) {
        const auto name = entry.path().filename().string();
        const auto number = std::string_view{name}.substr(std::min(name.size(), table.size() + 1));
        const auto digits = number.find_first_not_of("0123456789");
        if (name.starts_with(table + '-') && digits > 0 && digits != number.npos &&
            (number.substr(digits) == suffix || number.substr(digits) == store_suffix))
            all.push_back(entry.path().string());
    }
    std::sort(all.begin(), all.end());
    return all;
}

std::string snapshots::store_path(const table_info& t, partition_id p) const {
    return dir_ + '/' + t.name + '-' + std::to_string(p) + std::string{store_suffix};
}
std::string snapshots::path(const table_info& t, partition_id p) const {
    return dir_ + '/' + t.name + '-' + std::to_string(p) + std::string{suffix};
}

}  // namespace weir::detail
