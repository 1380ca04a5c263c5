using System.Runtime.Intrinsics.X86;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace DemoVlp.Modeling.VideoLanguage;

/// <summary>
/// A linear layer computed as a convolution of 1 x 1: the same sums in another order. libtorch gives matrix products of float32 to MKL, which leaves the AVX-512 of
/// processors by others than Intel unused, and convolutions to oneDNN, which does not.
/// </summary>
internal static class PointwiseConvolution
{
    // With one thread libtorch takes oneDNN for 1 x 1 only if there are so many images.
    private const int LeastImages = 16;

    // oneDNN's gradients are slow for images whose number of pixels no power of two divides, such as a video's 241 tokens.
    private static readonly long[] PixelsOfAnImage = [16, 8, 4];

    // oneDNN compiles code for each shape that it meets: not worth it for small layers.
    private const long LeastWeights = 1 << 18;

    private static readonly bool MklLeavesAvx512Unused = Avx512F.IsSupported && !IsIntel();

    /// <summary>Whether <see cref="Linear"/> is worth it for a layer and its input.</summary>
    internal static bool IsFaster(Linear layer, Tensor x) =>
        MklLeavesAvx512Unused && (long)layer.in_features * layer.out_features >= LeastWeights && x.dtype == ScalarType.Float32 && x.device_type == DeviceType.CPU && x.is_contiguous() && Pixels(x) > 0;

    /// <summary>[B, ..., I] to [B, ..., O].</summary>
    internal static Tensor Linear(Linear layer, Tensor x)
    {
        using var scope = NewDisposeScope();
        var (width, pixels) = (x.shape[^1], Pixels(x));
        // Channels are innermost on both sides, so that nothing is copied.
        var images = x.view(-1, pixels, 1, width).permute(0, 3, 1, 2);
        var output = functional.conv2d(images, layer.weight.view(-1, width, 1, 1), layer.bias);
        return output.permute(0, 2, 3, 1).reshape([.. x.shape[..^1], -1]).MoveToOuterDisposeScope();
    }

    // Rows that make an image; 0: there are too few, or an odd number of them.
    private static long Pixels(Tensor x)
    {
        var rows = 1L;
        foreach (var size in x.shape.AsSpan()[..^1]) rows *= size;
        return PixelsOfAnImage.FirstOrDefault(pixels => rows % pixels == 0 && rows / pixels >= LeastImages);
    }

    private static bool IsIntel()
    {
        // "GenuineIntel" in the order of the registers.
        var (_, b, c, d) = X86Base.CpuId(0, 0);
        return (b, d, c) == (0x756e6547, 0x49656e69, 0x6c65746e);
    }
}
