// SPDX-License-Identifier: Apache-2.0
// A shard that is larger than memory, without a broker: rows are changed, written by cuts and leave
// memory. `weir-bench-disk DIR GB MEMORY_MB SECONDS` says how many changes a second that makes.
#include <sys/resource.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <utility>

#include <weir/state/shard_of.hpp>

#include "state/disk_store.hpp"

namespace {

using namespace weir;
using clock_type = std::chrono::steady_clock;

/// 80 bytes, so that a key has about 100 with its own bytes and its time.
struct account {
    std::int64_t n = 0;
    std::int64_t rest[9]{};
};

}  // namespace

template <>
struct weir::codec<account> {
    static void decode(bytes_view from, account& into) {
        std::memcpy(&into, from.data(), sizeof into);
    }
    static void encode(const account& a, bytes& onto) {
        onto.append({reinterpret_cast<const char*>(&a), sizeof a});
    }
};

namespace {

std::uint64_t random_number(std::uint64_t i) {
    i ^= i >> 31;
    i *= 0x7fb5d329728ea185u;
    i ^= i >> 27;
    i *= 0x81dadef4bc2dd44du;
    return i ^ i >> 33;
}

double resident_mb() {
    std::ifstream in{"/proc/self/statm"};
    long all = 0, resident = 0;
    in >> all >> resident;
    return double(resident) * double(::sysconf(_SC_PAGESIZE)) / 1e6;
}

struct machine {
    detail::shard_of<std::uint64_t, account> rows{1, true};
    std::size_t for_rows;
    offset at = 0;
    detail::outgoing record{};

    machine(const std::string& dir, std::size_t memory)
        : for_rows(memory - detail::disk_stores::part_of(memory)) {
        rows.use_disk(detail::disk_stores::make(memory)->open(dir), 0);
        rows.restored();
    }
    void change(std::uint64_t key) {
        auto* r = rows.change(key, 0, at);
        ++r->value.n;
        rows.set_live(*r, true);
        rows.finish();
        ++at;
        if (at % 256 == 0) turn();
    }
    /// As the loop does: rows leave memory; when too few can, a cut is written.
    void turn() {
        rows.forget({at});
        if (rows.bytes() <= for_rows) return;
        // the loop does one of them in each turn
        for (int n = 0; n < 16 && rows.bytes() > for_rows; ++n)
            rows.leave_memory(for_rows - for_rows / 8);
        if (rows.bytes() > for_rows) cut();
    }
    void cut() {
        rows.forget({at});
        rows.begin_cut();
        while (rows.next(record) != detail::shard::record_kind::none) rows.sent();
        while (rows.put_some(4096)) {}
    }
};

template <class Key>
void measure(const char* what, machine& m, double seconds, Key key) {
    const auto begin = clock_type::now();
    const auto every = std::chrono::seconds{3};
    auto next = begin + every;
    double most = 0;
    std::uint64_t n = 0;
    while (clock_type::now() - begin < std::chrono::duration<double>(seconds)) {
        for (int i = 0; i < 10'000; ++i) m.change(key(n++));
        most = std::max(most, resident_mb());
        if (clock_type::now() < next) continue;
        m.cut();
        next += every;
    }
    const std::chrono::duration<double> took = clock_type::now() - begin;
    std::printf("%-40s %10.0f changes/s, %6.0f MB resident at the most\n", what,
                double(n) / took.count(), most);
    std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 5) {
        std::fprintf(stderr, "weir-bench-disk DIR GB MEMORY_MB SECONDS\n");
        return 2;
    }
    const std::string dir = argv[1];
    const auto bytes = std::atof(argv[2]) * 1e9;
    const auto memory = static_cast<std::size_t>(std::atof(argv[3]) * 1e6);
    const auto seconds = std::atof(argv[4]);
    const auto keys = static_cast<std::uint64_t>(bytes / 97);  // key, value, time, and a mark
    std::filesystem::remove_all(dir);
    machine m{dir, memory};
    const auto begin = clock_type::now();
    for (std::uint64_t k = 0; k < keys; ++k) m.change(k * 0x9e3779b97f4a7c15u);
    m.cut();
    const std::chrono::duration<double> took = clock_type::now() - begin;
    std::printf("%-40s %10.0f changes/s, %6.0f MB resident, %zu keys\n", "filled",
                double(keys) / took.count(), resident_mb(), m.rows.size());
    std::fflush(stdout);
    measure("uniform keys", m, seconds,
            [&](std::uint64_t n) { return random_number(n) % keys * 0x9e3779b97f4a7c15u; });
    measure("nine of ten to a tenth of the keys", m, seconds, [&](std::uint64_t n) {
        const auto r = random_number(n + 1'000'000'007);
        const bool hot = r % 10 != 0;
        return (r >> 8) % (hot ? keys / 10 : keys) * 0x9e3779b97f4a7c15u;
    });
    return 0;
}
