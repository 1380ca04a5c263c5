using TorchSharp;
using static TorchSharp.torch;

namespace DemoVlp.Modeling;

/// <summary>
/// TorchSharp's operations that take a number, each under its own name in PascalCase; <see cref="Add(Tensor, Tensor)"/> and <see cref="Square"/> too, which pass
/// a number on inside TorchSharp. This is the only place that makes a <see cref="Scalar"/>.
/// </summary>
/// <remarks>
/// Why: TorchSharp 0.107 turns a number into an object with a finalizer, hands its address to native code and lets go of it. A garbage collection on another
/// thread may free the native number before it is read; the operation then fails, or computes with another number. Here <c>using</c> holds the number
/// until the operation is done (decision 0011; a test over the built assemblies keeps other calls out).
/// </remarks>
internal static class TensorNumbers
{
    internal static Tensor Add(this Tensor x, Tensor y)
    {
        using var one = 1L.ToScalar();
        return x.add(y, one);
    }

    internal static Tensor Add(this Tensor x, double number) => x.AddScaled(number.ToScalar());

    internal static Tensor Add(this Tensor x, long number) => x.AddScaled(number.ToScalar());

    internal static Tensor AddInPlace(this Tensor x, Tensor y, double alpha = 1)
    {
        using var scalar = alpha.ToScalar();
        return x.add_(y, scalar);
    }

    internal static Tensor AddInPlace(this Tensor x, double number)
    {
        using Scalar scalar = number.ToScalar(), one = 1L.ToScalar();
        return x.add_(scalar, one);
    }

    /// <summary>x + number * y * z.</summary>
    internal static Tensor AddProductInPlace(this Tensor x, Tensor y, Tensor z, double number)
    {
        using var scalar = number.ToScalar();
        return x.addcmul_(y, z, scalar);
    }

    /// <summary>x + number * y / z.</summary>
    internal static Tensor AddQuotientInPlace(this Tensor x, Tensor y, Tensor z, double number)
    {
        using var scalar = number.ToScalar();
        return x.addcdiv_(y, z, scalar);
    }

    internal static Tensor Sub(this Tensor x, long number)
    {
        using var scalar = number.ToScalar();
        return x.sub(scalar);
    }

    internal static Tensor Mul(this Tensor x, double number)
    {
        using var scalar = number.ToScalar();
        return x.mul(scalar);
    }

    internal static Tensor Mul(this Tensor x, long number)
    {
        using var scalar = number.ToScalar();
        return x.mul(scalar);
    }

    internal static Tensor MulInPlace(this Tensor x, double number)
    {
        using var scalar = number.ToScalar();
        return x.mul_(scalar);
    }

    internal static Tensor Div(this Tensor x, double number)
    {
        using var scalar = number.ToScalar();
        return x.div(scalar);
    }

    internal static Tensor DivInPlace(this Tensor x, double number)
    {
        using var scalar = number.ToScalar();
        return x.div_(scalar);
    }

    internal static Tensor Square(this Tensor x)
    {
        using var two = 2L.ToScalar();
        return x.pow(two);
    }

    internal static Tensor ClampMin(this Tensor x, double number)
    {
        using var scalar = number.ToScalar();
        return x.clamp_min(scalar);
    }

    internal static Tensor ClampMax(this Tensor x, double number)
    {
        using var scalar = number.ToScalar();
        return x.clamp_max(scalar);
    }

    internal static Tensor LeakyRelu(this Tensor x, double slope)
    {
        using var scalar = slope.ToScalar();
        return x.leaky_relu(scalar);
    }

    internal static Tensor MaskedFill(this Tensor x, Tensor mask, double number)
    {
        using var scalar = number.ToScalar();
        return x.masked_fill(mask, scalar);
    }

    internal static Tensor MaskedFill(this Tensor x, Tensor mask, long number)
    {
        using var scalar = number.ToScalar();
        return x.masked_fill(mask, scalar);
    }

    internal static Tensor FillInPlace(this Tensor x, double number)
    {
        using var scalar = number.ToScalar();
        return x.fill_(scalar);
    }

    internal static Tensor Eq(this Tensor x, long number)
    {
        using var scalar = number.ToScalar();
        return x.eq(scalar);
    }

    internal static Tensor Gt(this Tensor x, double number)
    {
        using var scalar = number.ToScalar();
        return x.gt(scalar);
    }

    internal static Tensor Ge(this Tensor x, double number)
    {
        using var scalar = number.ToScalar();
        return x.ge(scalar);
    }

    internal static Tensor Ge(this Tensor x, long number)
    {
        using var scalar = number.ToScalar();
        return x.ge(scalar);
    }

    /// <summary>From 0 to below <paramref name="stop"/>.</summary>
    internal static Tensor Arange(long stop, ScalarType type, Device device) => Arange(0, stop, 1, type, device);

    internal static Tensor Arange(long start, long stop, long step, ScalarType type, Device device)
    {
        using Scalar first = start.ToScalar(), end = stop.ToScalar(), stride = step.ToScalar();
        return arange(first, end, stride, type, device);
    }

    private static Tensor AddScaled(this Tensor x, Scalar number)
    {
        using var one = 1L.ToScalar();
        using (number) return x.add(number, one);
    }
}
