// SPDX-License-Identifier: Apache-2.0
// Calls a fuzz target with every file of a folder: what was found once stays mended.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "fuzz.hpp"

int main(int argc, char** argv) {
    if (argc != 2) {
        std::fputs("usage: fuzz-TARGET FOLDER\n", stderr);
        return 2;
    }
    std::vector<std::filesystem::path> files;
    for (auto& e : std::filesystem::directory_iterator{argv[1]}) files.push_back(e.path());
    std::sort(files.begin(), files.end());
    for (auto& path : files) {
        std::ifstream file{path, std::ios::binary};
        const std::string all{std::istreambuf_iterator<char>{file}, {}};
        LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(all.data()), all.size());
        std::printf("PASS %s\n", path.c_str());
        std::fflush(stdout);
    }
    return files.empty() ? 1 : 0;
}
