namespace DemoVlp.Modeling;

/// <summary>A weight file, model directory, region file or data set that cannot be used as it is. <see cref="Code"/> is stable, the message is a plain sentence.</summary>
public sealed class ModelFormatException : Exception
{
    /// <summary>A fault of a file that came from outside.</summary>
    /// <param name="code">Stable, kebab-case, e.g. <c>safetensors-malformed</c>.</param>
    /// <param name="message">One plain sentence for whoever supplied the file.</param>
    /// <param name="inner">What the parser said, if anything.</param>
    public ModelFormatException(string code, string message, Exception? inner = null) : base(message, inner) => Code = code;

    /// <summary>Stable code for callers: <c>safetensors-malformed</c>, <c>tensor-missing</c>, <c>tensor-type</c>, <c>config-invalid</c>, <c>weights-mismatch</c>, <c>model-incomplete</c>, <c>model-task</c>, <c>dataset-malformed</c>, ...</summary>
    public string Code { get; }
}
