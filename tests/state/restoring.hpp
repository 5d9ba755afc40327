// SPDX-License-Identifier: Apache-2.0
// What the tests of restarts have in common: a directory for an app's state, and what is restored.
#pragma once
#include "driven.hpp"

#include <unistd.h>

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

/// A directory that goes in the end. It is not made before somebody writes to it.
struct directory {
    std::filesystem::path path =
        std::filesystem::temp_directory_path() /
        ("weir-state-" + std::to_string(::getpid()) + "-" + std::to_string(next()));
    directory() = default;
    directory(const directory&) = delete;
    ~directory() { std::filesystem::remove_all(path); }
    static int next() {
        static int n = 0;
        return n++;
    }
    /// Of app a and its table `seen`.
    std::filesystem::path snapshot() const { return path / "a" / "seen-0.snapshot"; }
    std::filesystem::path store() const { return path / "a" / "seen-0.rocksdb"; }
};

/// Hears what part of a changelog is read to restore a partition.
struct restores : silent {
    std::vector<std::pair<weir::offset, weir::offset>> heard{};
    void restoring(const std::string&, weir::partition_id, weir::offset from,
                   weir::offset to) override {
        heard.emplace_back(from, to);
    }
};
