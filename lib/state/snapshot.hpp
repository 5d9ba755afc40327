// SPDX-License-Identifier: Apache-2.0
// Shards on disk. A clean stop writes them, and the next start reads on from there.
// docs/internals/state.md describes the format.
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <weir/error.hpp>
#include <weir/message.hpp>
#include <weir/state/shard.hpp>

#include "changelog.hpp"

namespace weir::detail {

/// Why a snapshot is not read. The sentence begins behind its path: "is of another version".
struct unfit_snapshot : error {
    using error::error;
};

/// A file that is open. Closed in the end.
class open_file {
public:
    explicit open_file(int fd = -1) : fd_(fd) {}
    open_file(open_file&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    open_file& operator=(open_file&& other) noexcept {
        std::swap(fd_, other.fd_);
        return *this;
    }
    ~open_file();
    int get() const { return fd_; }
    explicit operator bool() const { return fd_ >= 0; }

private:
    int fd_;
};

/// What a snapshot says of its shard.
struct snapshot_head {
    changelog_owner owner;            // who has written the changelog up to `next`
    std::string changelog;            // its topic
    offset next = 0;                  // where it goes on
    std::vector<std::string> inputs;  // their names, as in a stamp
    cut at{};                         // of the inputs
    timestamp time = no_time, closed = no_time;
    timestamp written{};  // by the app's clock

    std::string text() const;
    /// Throws unfit_snapshot.
    static snapshot_head of(std::string_view);
};

/// Writes one shard, piece by piece. Until it is complete the file has another name.
class snapshot_writer {
public:
    /// Throws weir::error: what the system says.
    snapshot_writer(std::string path, const snapshot_head&, std::shared_ptr<const shard>);
    ~snapshot_writer();
    /// False: it is complete. Throws weir::error.
    bool write();

private:
    void write(const void*, std::size_t);
    void write_block();
    void complete();

    std::string path_;
    std::shared_ptr<const shard> of_;
    open_file file_;
    std::uint32_t row_ = 0;  // the next one's number
    std::uint64_t rows_ = 0;
    std::int64_t size_ = 0;  // written
    bytes block_{};
    outgoing record_{};
};

/// Reads one, piece by piece.
class snapshot_reader {
public:
    /// Null: there is none. Throws unfit_snapshot.
    static std::unique_ptr<snapshot_reader> of(const std::string& path);
    const snapshot_head& head() const { return head_; }
    /// Fills the shard. False: it has all of it. Throws unfit_snapshot.
    bool read(shard&);

private:
    explicit snapshot_reader(open_file f) : file_(std::move(f)) {}
    void read(void*, std::size_t);
    std::string_view read_block(std::uint64_t size, std::uint64_t checksum);
    void restore_row(shard&, const message&, timestamp changed) const;

    open_file file_;
    snapshot_head head_;
    std::uint64_t rows_ = 0;
    std::string block_{};
};

/// The snapshots of one app. While it exists, no other process uses them.
class snapshots {
public:
    /// There are none.
    snapshots() = default;
    /// Throws setup_error: the directory cannot be made, or another process has it.
    snapshots(const std::string& dir, const std::string& app);
    bool any() const { return !dir_.empty(); }
    std::string path(const table_info&, partition_id) const;
    /// The directory of a shard of a table on disk.
    std::string store_path(const table_info&, partition_id) const;
    static void remove(const std::string& path);
    /// The files of a table's snapshots, and its directories. It only looks.
    static std::vector<std::string> of(const std::string& dir, const std::string& app,
                                       const std::string& table);

private:
    std::string dir_;
    open_file lock_{};
};

}  // namespace weir::detail
