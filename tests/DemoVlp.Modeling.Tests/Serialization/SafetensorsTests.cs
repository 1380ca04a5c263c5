using System.Buffers.Binary;
using System.Text;
using DemoVlp.Modeling.Serialization;
using static TorchSharp.torch;

namespace DemoVlp.Modeling.Tests.Serialization;

public sealed class SafetensorsTests
{
    [Fact]
    public void Read_WhenWrittenFromArrays_GivesTheSameValuesShapesAndMetadata()
    {
        using var stream = new MemoryStream();
        new SafetensorsWriter()
            .Add("features", [1.5f, float.NaN, -0f, float.MaxValue], 2, 2)
            .Add("ids", [1L, long.MinValue], 2)
            .Add("classes", [7, -7, 0], 3)
            .Add("scale", [Math.PI])
            .Add("nothing", Array.Empty<float>(), 0, 4)
            .AddMetadata("format", "pt").Write(stream);
        stream.Position = 0;

        var file = SafetensorsFile.Read(stream);

        Assert.Equal([1.5f, float.NaN, -0f, float.MaxValue], file.GetArray<float>("features"));
        Assert.Equal([2, 2], file.Entries["features"].Shape);
        Assert.Equal([1L, long.MinValue], file.GetArray<long>("ids"));
        Assert.Equal([7, -7, 0], file.GetArray<int>("classes"));
        Assert.Equal([Math.PI], file.GetArray<double>("scale"));
        Assert.Empty(file.Entries["scale"].Shape);
        Assert.Equal([0, 4], file.Entries["nothing"].Shape);
        Assert.Equal("pt", file.Metadata["format"]);
    }

    [Fact]
    public void Write_WhenAddedInAnotherOrder_GivesTheSameBytes()
    {
        using var one = new MemoryStream();
        using var two = new MemoryStream();
        new SafetensorsWriter().Add("a", [1f], 1).Add("b", [2L], 1).Write(one);
        new SafetensorsWriter().Add("b", [2L], 1).Add("a", [1f], 1).Write(two);
        Assert.Equal(one.ToArray(), two.ToArray());
    }

    [Fact]
    public void Load_WhenTensorsOfEveryTypeWereSaved_GivesTheSameBits()
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        ScalarType[] types = [ScalarType.Float64, ScalarType.Float32, ScalarType.Float16, ScalarType.BFloat16, ScalarType.Int64,
            ScalarType.Int32, ScalarType.Int16, ScalarType.Int8, ScalarType.Byte, ScalarType.Bool];
        var saved = types.Select(t => (Name: t.ToString(), Value: arange(-3, 3).reshape(2, 3).t().to_type(t))).ToList();
        var path = folder.File("all.safetensors");

        Safetensors.Save(path, saved);
        var loaded = Safetensors.Load(path);

        Assert.Equal(types.Length, loaded.Count);
        foreach (var (name, value) in saved)
        {
            Assert.Equal(value.dtype, loaded[name].dtype);
            Assert.True(value.equal(loaded[name]).all().item<bool>(), name);
        }
    }

    [Fact]
    public void GetArray_WhenTheFileHoldsHalfPrecision_WidensExactly()
    {
        using var stream = new MemoryStream();
        using var half = tensor(new[] { 1.5f, -2f }, ScalarType.Float16);
        using var brain = tensor(new[] { 1.5f, -2f }, ScalarType.BFloat16);
        Safetensors.Save(stream, [("half", half), ("brain", brain)]);
        stream.Position = 0;
        var file = SafetensorsFile.Read(stream);
        Assert.Equal([1.5f, -2f], file.GetArray<float>("half"));
        Assert.Equal([1.5f, -2f], file.GetArray<float>("brain"));
        Assert.Equal("tensor-type", Assert.Throws<ModelFormatException>(() => file.GetArray<double>("half")).Code);
        Assert.Equal("tensor-missing", Assert.Throws<ModelFormatException>(() => file.GetArray<float>("third")).Code);
    }

    [Theory]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}""", 4)] // shape and bytes differ
    [InlineData("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}""", 8)] // bytes nobody owns
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""", 4)] // past the end
    [InlineData("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}""", 8)] // a gap
    [InlineData("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"F32","shape":[1],"data_offsets":[2,6]}}""", 6)] // overlap
    [InlineData("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}""", 8)] // twice
    [InlineData("""{"a":{"dtype":"F31","shape":[1],"data_offsets":[0,4]}}""", 4)] // unknown type
    [InlineData("""{"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}""", 4)]
    [InlineData("""{"a":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,0]}}""", 0)] // overflows to zero
    [InlineData("""{"a":{"dtype":"F32","shape":[4611686018427387905],"data_offsets":[0,4]}}""", 4)] // overflows to four
    [InlineData("""{"a":{"dtype":"F32","shape":[0,4611686018427387904,4],"data_offsets":[0,0]}}""", 0)] // empty, with strides beyond counting
    [InlineData("""{"a":{"dtype":"F32","shape":[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1],"data_offsets":[0,4]}}""", 4)] // 65 dimensions
    [InlineData("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}}""", 4)]
    [InlineData("""{"a":{"dtype":"F32","shape":[1]}}""", 4)]
    [InlineData("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4],"more":1}}""", 4)]
    [InlineData("""{"a":{"dtype":7,"shape":[1],"data_offsets":[0,4]}}""", 4)]
    [InlineData("""{"a":[1]}""", 0)]
    [InlineData("""{"__metadata__":{"a":1}}""", 0)]
    [InlineData("""{"a":{"dtype":"F32","shape":[[[[[1]]]]],"data_offsets":[0,4]}}""", 4)]
    [InlineData("""[1]""", 0)]
    [InlineData("""{""", 0)]
    [InlineData("", 0)]
    public void Read_WhenTheHeaderLies_RefusesWithAPlainSentence(string header, int bytes)
    {
        var fault = Assert.Throws<ModelFormatException>(() => SafetensorsFile.Read(Bytes((ulong)Encoding.UTF8.GetByteCount(header), header, bytes)));
        Assert.Equal("safetensors-malformed", fault.Code);
        Assert.StartsWith("The safetensors file cannot be read: ", fault.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(100_000_001UL)]
    [InlineData(ulong.MaxValue)]
    [InlineData(3UL)]
    public void Read_WhenTheHeaderLengthLies_Refuses(ulong length) =>
        Assert.Throws<ModelFormatException>(() => SafetensorsFile.Read(Bytes(length, "{}", 0)));

    [Fact]
    public void Read_WhenTheFileIsCutAnywhere_Refuses()
    {
        using var stream = new MemoryStream();
        new SafetensorsWriter().Add("a", [1f, 2f], 2).Write(stream);
        var whole = stream.ToArray();
        for (var length = 0; length < whole.Length; length++)
        {
            using var cut = new MemoryStream(whole, 0, length);
            Assert.Throws<ModelFormatException>(() => SafetensorsFile.Read(cut));
        }
    }

    private static MemoryStream Bytes(ulong length, string header, int data)
    {
        var prefix = new byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(prefix, length);
        return new MemoryStream([.. prefix, .. Encoding.UTF8.GetBytes(header), .. new byte[data]]);
    }
}
