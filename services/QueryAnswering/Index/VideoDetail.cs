using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using DemoVlp.Modeling.Regions;
using DemoVlp.Modeling.VideoLanguage.Inference;

namespace DemoVlp.QueryAnswering.Index;

/// <summary>What is kept of a video's embedding beside its global vector: enough to align words with regions and to show where these are.</summary>
/// <param name="Embedding">The embedding, its local vectors scaled to length 1 (alignment compares directions only).</param>
/// <param name="Places">[R]: where each region token is; of padding, its frame without a box.</param>
internal sealed record VideoDetail(VideoEmbedding Embedding, RegionPlace[] Places)
{
    private const int Version = 1;

    /// <summary>Takes what is needed from the frames that were embedded.</summary>
    public static VideoDetail Create(VideoEmbedding embedding, IReadOnlyList<FrameRegions> frames) =>
        new(embedding, Array.ConvertAll(embedding.Tokens, token => PlaceOf(token, frames)));

    /// <summary>Where a region is.</summary>
    public static RegionPlace PlaceOf(RegionToken token, IReadOnlyList<FrameRegions> frames)
    {
        var frame = frames[token.Frame];
        return new RegionPlace(frame.FrameIndex, frame.TimestampSeconds, token.Region < 0 ? default : Box.At(frame.Boxes, token.Region));
    }

    /// <summary>As bytes; local vectors in half precision.</summary>
    public byte[] ToBytes()
    {
        var (regions, dimension) = (Embedding.Mask.Length, Embedding.Global.Length);
        var unit = new float[Embedding.Local.Length];
        for (var r = 0; r < regions; r++)
        {
            var row = Embedding.Local.AsSpan(r * dimension, dimension);
            TensorPrimitives.Divide(row, Math.Max(TensorPrimitives.Norm<float>(row), 1e-8f), unit.AsSpan(r * dimension, dimension));
        }
        var local = new Half[unit.Length];
        TensorPrimitives.ConvertToHalf(unit, local);

        var stream = new MemoryStream();
        using var writer = new BinaryWriter(stream);
        writer.Write(Version);
        writer.Write(regions);
        writer.Write(dimension);
        writer.Write(MemoryMarshal.AsBytes<Half>(local));
        for (var r = 0; r < regions; r++)
        {
            var (token, place) = (Embedding.Tokens[r], Places[r]);
            writer.Write(Embedding.Mask[r]);
            writer.Write(token.Frame);
            writer.Write(token.Rank);
            writer.Write(token.Region);
            writer.Write(place.FrameIndex);
            writer.Write(place.TimestampSeconds);
            writer.Write(place.Box.X1);
            writer.Write(place.Box.Y1);
            writer.Write(place.Box.X2);
            writer.Write(place.Box.Y2);
        }
        return stream.ToArray();
    }

    /// <summary>From what <see cref="ToBytes"/> wrote.</summary>
    /// <exception cref="InvalidDataException">Another version wrote it.</exception>
    public static VideoDetail Read(byte[] bytes, float[] global)
    {
        using var reader = new BinaryReader(new MemoryStream(bytes, writable: false));
        if (reader.ReadInt32() is var version && version != Version) throw new InvalidDataException($"Vectors of version {version} cannot be read; activate the model again.");
        var (regions, dimension) = (reader.ReadInt32(), reader.ReadInt32());
        var local = new float[regions * dimension];
        TensorPrimitives.ConvertToSingle(MemoryMarshal.Cast<byte, Half>(reader.ReadBytes(local.Length * 2)), local);
        var (mask, tokens, places) = (new bool[regions], new RegionToken[regions], new RegionPlace[regions]);
        for (var r = 0; r < regions; r++)
        {
            mask[r] = reader.ReadBoolean();
            tokens[r] = new RegionToken(reader.ReadInt32(), reader.ReadInt32(), reader.ReadInt32());
            places[r] = new RegionPlace(reader.ReadInt32(), reader.ReadDouble(), new Box(reader.ReadSingle(), reader.ReadSingle(), reader.ReadSingle(), reader.ReadSingle()));
        }
        return new VideoDetail(new VideoEmbedding(global, local, mask, tokens), places);
    }

    /// <summary>The place of a region token.</summary>
    public RegionPlace this[RegionToken token] => Places[Array.IndexOf(Embedding.Tokens, token)];
}

/// <summary>Where a region is.</summary>
/// <param name="FrameIndex">Sampled frame.</param>
/// <param name="TimestampSeconds">Seconds from the start of the video.</param>
/// <param name="Box">Pixels of the sampled frame.</param>
internal readonly record struct RegionPlace(int FrameIndex, double TimestampSeconds, Box Box);

/// <summary>A rectangle in pixels.</summary>
internal readonly record struct Box(float X1, float Y1, float X2, float Y2)
{
    /// <summary>Row <paramref name="row"/> of [K, 4].</summary>
    public static Box At(float[] boxes, int row) => new(boxes[4 * row], boxes[4 * row + 1], boxes[4 * row + 2], boxes[4 * row + 3]);

    /// <summary>As in messages.</summary>
    public float[] ToArray() => [X1, Y1, X2, Y2];
}
