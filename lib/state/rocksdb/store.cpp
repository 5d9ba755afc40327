// SPDX-License-Identifier: Apache-2.0
// Rows in a RocksDB of their own, one for each shard. docs/internals/state.md says what is in it.
#include <rocksdb/cache.h>
#include <rocksdb/db.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/table.h>
#include <rocksdb/write_batch.h>
#include <rocksdb/write_buffer_manager.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <limits>
#include <map>
#include <mutex>
#include <utility>

#include <weir/error.hpp>

#include "../disk_store.hpp"

namespace weir::detail {
namespace {

// The first byte says whether it is a row; the others are what is said of all rows.
constexpr char row_mark = 'r';
constexpr const char *head_key = "h", *writers_key = "w", *keys_key = "k";

std::string_view view(const ::rocksdb::Slice& s) { return {s.data(), s.size()}; }

/// The time (8 bytes, in the machine's byte order), and the value.
backing::found found_in(const ::rocksdb::Slice& s) {
    std::int64_t ms = 0;
    if (s.size() < sizeof ms) throw error{"weir: a row on disk is damaged"};
    std::memcpy(&ms, s.data(), sizeof ms);
    return {bytes_view{s.data() + sizeof ms, s.size() - sizeof ms},
            timestamp{std::chrono::milliseconds{ms}}};
}

class store;
/// Those of this process that may write, by path: a path has one at a time.
struct open_stores {
    std::mutex guard{};
    std::map<std::string, store*> all{};
};
open_stores& opened() {
    static open_stores all;
    return all;
}

class store final : public disk_store {
public:
    /// `room`: less than that must not be free on the disk.
    store(std::string path, ::rocksdb::Options o, std::size_t flush_after, std::size_t room)
        : path_(std::move(path)), options_(std::move(o)), flush_after_(flush_after), room_(room) {
        try {
            open();
        } catch (...) {
            close();  // no destructor is called
            throw;
        }
    }
    store(const store&) = delete;
    store& operator=(const store&) = delete;
    ~store() override { close(); }

    std::optional<found> get(bytes_view key) override {
        if (!db_) return {};
        found_.Reset();
        key_.assign(1, row_mark).append(key.view());
        const auto s =
            db_->Get(::rocksdb::ReadOptions{}, db_->DefaultColumnFamily(), key_, &found_);
        if (s.IsNotFound()) return {};
        check(s);
        return found_in(found_);
    }
    void put(bytes_view key, bytes_view value, timestamp t) override {
        key_.assign(1, row_mark).append(key.view());
        const std::int64_t ms = t.time_since_epoch().count();
        value_.assign(reinterpret_cast<const char*>(&ms), sizeof ms).append(value.view());
        check(batch_.Put(key_, value_));
    }
    void erase(bytes_view key) override {
        key_.assign(1, row_mark).append(key.view());
        check(batch_.Delete(key_));
    }
    void write(std::size_t keys) override {
        if (!db_) throw weir::error{"weir: " + path_ + " is closed"};
        check_room();
        keys_ = keys;
        check(batch_.Put(keys_key, std::to_string(keys)));
        const auto size = batch_.GetDataSize();
        ::rocksdb::WriteOptions o;
        o.disableWAL = true;  // the changelog is the log
        const auto s = db_->Write(o, &batch_);
        batch_.Clear();
        check(s);
        unflushed_ += size;
        if (unflushed_ >= flush_after_) flush();
    }
    std::unique_ptr<walk> rows() override;

    const std::string& head() const override { return head_; }
    const std::string& writers() const override { return writers_; }
    std::size_t keys() const override { return keys_; }
    void set_head(std::string h) override {
        head_ = std::move(h);
        check(batch_.Put(head_key, head_));
    }
    void set_writers(std::string w) override {
        writers_ = std::move(w);
        check(batch_.Put(writers_key, writers_));
    }
    void flush() override {
        unflushed_ = 0;
        if (db_) check(db_->Flush(::rocksdb::FlushOptions{}));
    }
    void wipe() override {
        close();
        check(::rocksdb::DestroyDB(path_, options_));
        head_.clear();
        writers_.clear();
        keys_ = 0;
        open();
    }
    void close_for_writing() override {
        if (!db_) return;
        flush();
        close();
        auto o = options_;
        o.max_open_files = -1;  // they stay readable when another process removes them
        ::rocksdb::DB* db = nullptr;
        check(::rocksdb::DB::OpenForReadOnly(o, path_, &db));
        db_.reset(db);
    }
    void close() override {
        batch_.Clear();
        found_.Reset();
        db_.reset();
        auto& others = opened();
        const std::lock_guard lock{others.guard};
        if (const auto it = others.all.find(path_); it != others.all.end() && it->second == this)
            others.all.erase(it);
    }
    const std::string& error() const override { return error_; }
    const std::string& path() const override { return path_; }

    void check(const ::rocksdb::Status& s) {
        if (!s.ok()) fail(s.ToString());
    }

private:
    [[noreturn]] void fail(const std::string& why) {
        if (error_.empty())
            error_ = "weir: the disk of a table, " + path_ + ": " + why +
                     ": make room, or remove the directory, and start the app again; the changelog "
                     "has everything that is committed";
        throw weir::error{error_};
    }
    /// Before the disk is full: some builds of RocksDB end the process then.
    void check_room() {
        std::error_code ignored;
        const auto space = std::filesystem::space(path_, ignored);
        if (!ignored && space.available < room_)
            fail("less than " + std::to_string(room_) + " bytes are free");
    }
    void open() {
        {
            auto& others = opened();
            const std::lock_guard lock{others.guard};
            auto& at = others.all[path_];
            if (auto* before = std::exchange(at, this); before && before != this)
                before->db_.reset();  // a shard that nobody needs any more
        }
        ::rocksdb::DB* db = nullptr;
        auto s = ::rocksdb::DB::Open(options_, path_, &db);
        if (s.IsCorruption()) {  // it is made anew of the changelog
            check(::rocksdb::DestroyDB(path_, options_));
            s = ::rocksdb::DB::Open(options_, path_, &db);
        }
        check(s);
        db_.reset(db);
        const auto read = [&](const char* key, std::string& into) {
            into.clear();
            if (const auto r = db_->Get(::rocksdb::ReadOptions{}, key, &into); !r.IsNotFound())
                check(r);
        };
        std::string n;
        read(head_key, head_);
        read(writers_key, writers_);
        read(keys_key, n);
        keys_ = 0;
        std::from_chars(n.data(), n.data() + n.size(), keys_);
    }

    std::string path_;
    ::rocksdb::Options options_;
    std::size_t flush_after_, room_, unflushed_ = 0;
    std::shared_ptr<::rocksdb::DB> db_{};  // a walk keeps it, too
    ::rocksdb::WriteBatch batch_{};
    ::rocksdb::PinnableSlice found_{};
    std::string key_{}, value_{}, head_{}, writers_{}, error_{};
    std::size_t keys_ = 0;
};

class walk_of final : public backing::walk {
public:
    walk_of(store& of, std::shared_ptr<::rocksdb::DB> db, const ::rocksdb::ReadOptions& o)
        : of_(of), db_(std::move(db)), at_(db_->NewIterator(o)) {}
    bool next() override {
        if (!std::exchange(begun_, true)) at_->Seek(::rocksdb::Slice{&row_mark, 1});
        else at_->Next();
        of_.check(at_->status());
        return at_->Valid() && at_->key().size() > 0 && at_->key()[0] == row_mark;
    }
    bytes_view key() const override { return bytes_view{view(at_->key()).substr(1)}; }
    backing::found value() const override { return found_in(at_->value()); }

private:
    store& of_;
    std::shared_ptr<::rocksdb::DB> db_;
    std::unique_ptr<::rocksdb::Iterator> at_;
    bool begun_ = false;
};
class empty_walk final : public backing::walk {
public:
    bool next() override { return false; }
    bytes_view key() const override { return {}; }
    backing::found value() const override { return {}; }
};

std::unique_ptr<backing::walk> store::rows() {
    if (!db_) return std::make_unique<empty_walk>();
    ::rocksdb::ReadOptions o;
    o.fill_cache = false;
    return std::make_unique<walk_of>(*this, db_, o);
}

class stores final : public disk_stores {
public:
    explicit stores(std::size_t memory) {
        const auto its = part_of(memory);
        const auto buffers = std::max<std::size_t>(its / 3, std::size_t{64} << 10);
        cache_ = ::rocksdb::NewLRUCache(its);
        buffers_ = std::make_shared<::rocksdb::WriteBufferManager>(buffers, cache_);
        options_.create_if_missing = true;
        options_.write_buffer_manager = buffers_;
        options_.write_buffer_size = buffers / 2;
        options_.max_write_buffer_number = 3;
        options_.avoid_flush_during_shutdown = true;  // after a crash it is as it was once
        options_.max_open_files = 512;
        options_.keep_log_file_num = 1;
        options_.max_log_file_size = std::size_t{1} << 20;
        options_.info_log_level = ::rocksdb::InfoLogLevel::WARN_LEVEL;
        options_.stats_dump_period_sec = 0;
        options_.stats_persist_period_sec = 0;
        options_.compression = ::rocksdb::kLZ4Compression;
        options_.level_compaction_dynamic_level_bytes = true;
        ::rocksdb::BlockBasedTableOptions t;
        t.block_cache = cache_;
        t.cache_index_and_filter_blocks = true;
        t.pin_l0_filter_and_index_blocks_in_cache = true;
        constexpr double bits_per_key = 10;
        t.filter_policy.reset(::rocksdb::NewBloomFilterPolicy(bits_per_key));
        t.format_version = 5;
        options_.table_factory.reset(::rocksdb::NewBlockBasedTableFactory(t));
        // Small ones are flushed by us, so that tests see the same each time; RocksDB's threads
        // flush others.
        constexpr auto small = std::size_t{8} << 20;
        room_ = 4 * buffers;
        flush_after_ = memory < small ? std::max<std::size_t>(memory / 8, 1)
                                      : std::numeric_limits<std::size_t>::max();
    }
    std::shared_ptr<disk_store> open(const std::string& path) override {
        return std::make_shared<store>(path, options_, flush_after_, room_);
    }

private:
    std::shared_ptr<::rocksdb::Cache> cache_;
    std::shared_ptr<::rocksdb::WriteBufferManager> buffers_;
    ::rocksdb::Options options_{};
    std::size_t flush_after_, room_;
};

}  // namespace

std::unique_ptr<disk_stores> disk_stores::make(std::size_t memory) {
    return std::make_unique<stores>(memory);
}

}  // namespace weir::detail
