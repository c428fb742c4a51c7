// Reads a grid in bytes from standard input and its numbers from the arguments, writes one detection a line.
#include <cstdio>
#include <cstdlib>
#include <string>

#include "yolo_v1.hpp"
#include "yolo_v2.hpp"

int main(int count, char** words) {
  const std::string family = words[1];
  auto number = [&](int i) { return std::strtof(words[2 + i], nullptr); };
  const int rows = number(0), columns = number(1), classes = number(4);
  const std::array<int, 2> size = {int(number(2)), int(number(3))};
  const float score = number(5), iou = number(6);
  const std::size_t most = number(7);
  std::vector<float> grid;
  for (float value; std::fread(&value, sizeof value, 1, stdin);) grid.push_back(value);
  std::vector<regionzoo::Detection> found;
  if (family == "yolo_v1") {
    found = regionzoo::decode(grid.data(), rows, columns,
                              regionzoo::YoloV1{size, int(number(8)), classes, score, iou, most});
  } else {
    std::vector<std::array<float, 2>> anchors;
    for (int i = 10; 2 + i < count; i += 2) anchors.push_back({number(i), number(i + 1)});
    found = regionzoo::decode(grid.data(), rows, columns,
                              regionzoo::YoloV2{size, anchors, {number(8), number(9)}, classes, score, iou, most});
  }
  for (const auto& one : found)
    std::printf("%.9g %.9g %.9g %.9g %.9g %d\n", one.x1, one.y1, one.x2, one.y2, one.score, one.label);
}
